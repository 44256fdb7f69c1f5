/* What local programs give to sendmail: the lines of any input, whole and byte by byte; the header as it leaves; addresses. */

#include "sendmail/header.h"
#include "sendmail/input.h"
#include "sendmail/options.h"
#include "tests/check.h"

static const struct {
  const char *input, *header, *body, *what;
} inputs[] = {
  { "A: b\n\nc\n", "A: b\r\n", "c\r\n", "LF" },
  { "A: b\r\n\r\nc\r\n", "A: b\r\n", "c\r\n", "CRLF" },
  { "A: b\rc: d\r\re", "A: b\r\nc: d\r\n", "e\r\n", "CR, and rows of it" },
  { "A: b\n c\n\td\n\ne", "A: b\r\n c\r\n\td\r\n", "e\r\n", "a folded field" },
  { " A: b\n", "", " A: b\r\n", "no field before a fold" },
  { "A : b\n\n", "A : b\r\n", "", "white space before the colon (RFC 5322 4.5)" },
  { "hello\n", "", "hello\r\n", "no header" },
  { "A: b\nhello\n", "A: b\r\n", "hello\r\n", "no empty line" },
  { "\nA: b\n", "", "A: b\r\n", "an empty header" },
  { ">From x\nFrom y z\nA: b\n\nFrom c\n", "A: b\r\n", "From c\r\n", "lines of a mailbox file" },
  { "A: b\nFrom c\n", "A: b\r\n", "From c\r\n", "... only in front" },
  { "A: b\n\nc\n.\nd\n", "A: b\r\n", "c\r\n", "a dot ends it" },
  { "A: b\n.\nc\n", "A: b\r\n", "", "... in the header too" },
  { "\n.c\n..\n", "", ".c\r\n..\r\n", "other lines with dots" },
  { "", "", "", "nothing" },
};

static void check_inputs(void)
{
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
    for (size_t piece = 1; piece < 100; piece += 98) {
      struct sendmail_input in = SENDMAIL_INPUT_ZERO;
      size_t length = strlen(inputs[i].input);
      for (size_t at = 0; at < length; at += piece)
        sendmail_input_feed(&in, inputs[i].input + at, length - at < piece ? length - at : piece);
      sendmail_input_end(&in);
      check_is(text_string(&in.header), inputs[i].header, inputs[i].what);
      check_is(text_string(&in.body), inputs[i].body, inputs[i].what);
      sendmail_input_free(&in);
    }
}

static const struct {
  const char *list, *found; /* with '|' behind each; 0: not addresses */
} lists[] = {
  { "bob", "bob@x.test|" },
  { "bob, Ann Lee <a@y.test>,c@z.test (Cee)", "bob@x.test|a@y.test|c@z.test|" },
  { "g: a@y.test, b;, c", "a@y.test|b@x.test|c@x.test|" },
  { "\"a b\"@y.test", 0 },
  { "\"a,b\"@y.test", "\"a,b\"@y.test|" },
  { "undisclosed-recipients:;", "" },
  { "", "" },
  { "foo bar", 0 },
  { "<>", 0 },
  { "a@@b", 0 },
  { "a\r\nRCPT TO:<b@y.test>", "b@y.test|" }, /* a group */
  { "<a\r\n@y.test>\r\nRCPT TO", "a@y.test|" },
};

static void check_lists(void)
{
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    struct sendmail_recipients all = SENDMAIL_RECIPIENTS_ZERO;
    text error = TEXT_ZERO, found = TEXT_ZERO;
    bool good = sendmail_addresses_add(&all, lists[i].list, strlen(lists[i].list), "x.test", &error);
    for (size_t at = 0; at < all.strings.len; at++) text_add_char(&found, all.strings.s[at] ? all.strings.s[at] : '|');
    if (lists[i].found)
      check_is(good ? text_string(&found) : "refused", lists[i].found, lists[i].list);
    else
      check(!good && error.len, lists[i].list);
    text_free(&all.strings), text_free(&error), text_free(&found);
  }
}

static void check_format(void)
{
  static const struct sendmail_from from = { .address = "a@x.test", .name = "A. \"Q\" B" };
  text header = TEXT_ZERO, out = TEXT_ZERO;

  text_add(&header, "To: c,\r\n b\r\n");
  sendmail_header_format(&header, &from, &out);
  check_is(text_string(&out), "To: c,\r\n b\r\nFrom: \"A. \\\"Q\\\" B\" <a@x.test>\r\n\r\n", "From comes");
  text_free(&header), text_free(&out);
}

int main(void)
{
  check_inputs();
  check_lists();
  check_format();
  return check_done();
}
