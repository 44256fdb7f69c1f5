/* An SMTP server's reply, whole and in single bytes; all that is no reply is told from one, within bounds (check 28). */

#include <stdlib.h>

#include "send/extensions.h"
#include "tests/check.h"

static const struct {
  const char *bytes, *words, *status;
  unsigned int code;
  enum reply_result result;
} cases[] = {
  { "250 ok\r\n", "ok", "", 250, REPLY_DONE },
  { "250\r\n", "", "", 250, REPLY_DONE },
  { "250 \r\n", "", "", 250, REPLY_DONE },
  { "250 ok\n", "ok", "", 250, REPLY_DONE },
  { "250-a\r\n250-b\r\n250 c\r\n", "a b c", "", 250, REPLY_DONE },
  { "250-a\r\n250\r\n", "a", "", 250, REPLY_DONE },
  { "550 5.1.1 no such user\r\n", "no such user", "5.1.1", 550, REPLY_DONE },
  { "550-5.1.1 no such\r\n550 5.1.1 user\r\n", "no such user", "5.1.1", 550, REPLY_DONE },
  { "450 5.1.1 mixed\r\n", "5.1.1 mixed", "", 450, REPLY_DONE }, /* another class: words, no status */
  { "550 5.1.1234 long\r\n", "5.1.1234 long", "", 550, REPLY_DONE },
  { "550 5.1 short\r\n", "5.1 short", "", 550, REPLY_DONE },
  { "550 5.123.123\r\n", "", "5.123.123", 550, REPLY_DONE },
  { "250 a\xff\x1b[0m\tb\r\n", "a??[0m?b", "", 250, REPLY_DONE }, /* nothing that a terminal or a log would obey */
  { "250 a\r\n550 b\r\n", "a", "", 250, REPLY_DONE },             /* the next reply is left alone */
  { "250 a", "", "", 0, REPLY_MORE },
  { "250-a\r\n", "a", "", 250, REPLY_MORE },
  { "", "", "", 0, REPLY_MORE },
  { "hello\r\n", 0, 0, 0, REPLY_BROKEN },
  { "25\r\n", 0, 0, 0, REPLY_BROKEN },
  { "2500 a\r\n", 0, 0, 0, REPLY_BROKEN },
  { "25a a\r\n", 0, 0, 0, REPLY_BROKEN },
  { "100 a\r\n", 0, 0, 0, REPLY_BROKEN },
  { "600 a\r\n", 0, 0, 0, REPLY_BROKEN },
  { "999 a\r\n", 0, 0, 0, REPLY_BROKEN },
  { "-25 a\r\n", 0, 0, 0, REPLY_BROKEN },
  { "250-a\r\n550 b\r\n", 0, 0, 0, REPLY_BROKEN }, /* codes that differ */
  { "\r\n", 0, 0, 0, REPLY_BROKEN },
};

static enum reply_result parse(struct reply *r, const char *bytes, size_t length, size_t step, size_t *used)
{
  enum reply_result result = REPLY_MORE;

  send_reply_clear(r);
  *used = 0;
  while (result == REPLY_MORE && *used < length) {
    size_t more = length - *used < step ? length - *used : step, taken;
    result = send_reply_parse(r, bytes + *used, more, &taken);
    *used += taken;
  }
  return result;
}

static void check_case(size_t i, size_t step)
{
  struct reply r = REPLY_ZERO;
  text words = TEXT_ZERO;
  char status[REPLY_STATUS_MAX] = "";
  size_t used, length = strlen(cases[i].bytes);

  check(parse(&r, cases[i].bytes, length, step, &used) == cases[i].result,
        cases[i].bytes[0] > ' ' ? "result" : "result of nothing");
  if (cases[i].result == REPLY_BROKEN) return;
  send_reply_words(&r, &words, 1000);
  send_reply_status(&r, status);
  check(r.code == cases[i].code, "code");
  check_is(text_string(&words), cases[i].words, "words");
  check_is(status, cases[i].status, "status");
}

static void check_bounds(void)
{
  struct reply r = REPLY_ZERO;
  text bytes = TEXT_ZERO, words = TEXT_ZERO;
  size_t used;

  for (int i = 0; i < 99; i++) text_add(&bytes, "250-x\r\n");
  check(parse(&r, bytes.s, bytes.len, 10, &used) == REPLY_MORE, "99 lines may go on");
  text_add(&bytes, "250 x\r\n");
  check(parse(&r, bytes.s, bytes.len, 10, &used) == REPLY_DONE, "100 lines are a reply");
  bytes.len -= 7;
  text_add(&bytes, "250-x\r\n");
  check(parse(&r, bytes.s, bytes.len, 10, &used) == REPLY_BROKEN, "more are not");

  text_copy(&bytes, "250 ");
  while (bytes.len < REPLY_LINE_MAX) text_add_char(&bytes, 'x');
  check(parse(&r, bytes.s, bytes.len, 100, &used) == REPLY_MORE, "a line of 4096 bytes");
  text_add_char(&bytes, 'x');
  check(parse(&r, bytes.s, bytes.len, 100, &used) == REPLY_BROKEN, "a longer one is no reply");
  check(r.rest.len <= REPLY_LINE_MAX, "and is not kept");

  parse(&r, "250-aaaaaaaaaa\r\n250 bbbb\r\n", 26, 100, &used);
  send_reply_words(&r, &words, 12);
  check_is(text_string(&words), "aaaaaaaaaa b", "words are cut");
}

static void check_extensions(void)
{
  static const char *const all = "250-mx.example PIPELINING\r\n250-pipelining\r\n250-SIZE "
                                 "1000000\r\n250-8BITMIME\r\n250-AUTH LOGIN CRAM-MD5 PLAIN\r\n"
                                 "250-STARTTLS\r\n250-SMTPUTF8\r\n250 HELP\r\n";
  struct reply r = REPLY_ZERO;
  struct extensions e;
  size_t used;

  parse(&r, all, strlen(all), 7, &used);
  send_extensions_parse(&e, &r);
  check(e.pipelining && e.eightbit && e.starttls && e.utf8 && e.size && e.size_max == 1000000, "extensions");
  check(e.auth_plain && e.auth_login, "mechanisms");
  parse(&r, "250 PIPELINING\r\n", 16, 100, &used);
  send_extensions_parse(&e, &r);
  check(!e.pipelining, "the first line is a greeting");
  parse(&r, "250-x\r\n250-AUTH=LOGIN\r\n250-SIZE 99999999999999999999999\r\n250 XSTARTTLS\r\n", 78, 100, &used);
  send_extensions_parse(&e, &r);
  check(e.auth_login && !e.auth_plain, "the old form of AUTH");
  check(e.size && !e.size_max && !e.starttls, "a size that is no number is no limit; a longer word is another word");
}

int main(void)
{
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    check_case(i, 1000);
    check_case(i, 1);
  }
  check_bounds();
  check_extensions();
  return check_done();
}
