/* smtpd/command, smtpd/input and smtpd/received: bytes of a session to lines, commands and addresses; checks 2, 3, 5, 6
   and 7. */

#include "smtpd/command.h"
#include "smtpd/input.h"
#include "smtpd/received.h"
#include "tests/check.h"

const char *PROG = "smtpd_command";

static const struct {
  const char *line;
  enum smtpd_command_result result;
  const char *verb;
  const char *argument;
} lines[] = {
  { "NOOP", COMMAND_GOOD, "NOOP", "" },
  { "noop  ", COMMAND_GOOD, "NOOP", "" },
  { "EHLO mail.example", COMMAND_GOOD, "EHLO", "mail.example" },
  { "ehlo   mail.example  ", COMMAND_GOOD, "EHLO", "mail.example" },
  { "MAIL FROM:<a@b> SIZE=1", COMMAND_GOOD, "MAIL", "FROM:<a@b> SIZE=1" },
  { "MAIL FROM:<\xc3\xa4@b>", COMMAND_GOOD, "MAIL", "FROM:<\xc3\xa4@b>" }, /* the address says so: check 6 */
  { "", COMMAND_GOOD, "", "" },
  { "AVERBTHATISFARTOOLONG x", COMMAND_GOOD, "", "x" },
  { "EHLO \xc3\xa4", COMMAND_BAD_BYTE, "", "" },
  { "NO\x01OP", COMMAND_BAD_BYTE, "", "" },
  { "EHLO\tx", COMMAND_BAD_BYTE, "", "" },
  { "EHLO x\x7f", COMMAND_BAD_BYTE, "", "" },
};

static const struct {
  const char *argument;
  enum smtpd_command_result result;
  const char *sender; /* 0: null */
  bool has_size;
  uint64_t size;
  const char *body;
} mails[] = {
  { "FROM:<a@b>", COMMAND_GOOD, "a@b", false, 0, "" },
  { "from: <a@b>", COMMAND_GOOD, "a@b", false, 0, "" },
  { "FROM:<>", COMMAND_GOOD, 0, false, 0, "" },
  { "FROM:<a@b> SIZE=100 BODY=8BITMIME", COMMAND_GOOD, "a@b", true, 100, "8BITMIME" },
  { "FROM:<a@b> body=7bit size=0", COMMAND_GOOD, "a@b", true, 0, "7BIT" },
  { "FROM:<a@b>  SIZE=18446744073709551615", COMMAND_GOOD, "a@b", true, UINT64_MAX, "" },
  { "FROM:<a@b> AUTH=<>", COMMAND_GOOD, "a@b", false, 0, "" },
  { "FROM:<a@b> SIZE=18446744073709551616", COMMAND_BAD_VALUE, 0, false, 0, "" },
  { "FROM:<a@b> SIZE=-1", COMMAND_BAD_VALUE, 0, false, 0, "" },
  { "FROM:<a@b> SIZE=", COMMAND_BAD_VALUE, 0, false, 0, "" },
  { "FROM:<a@b> SIZE=1x", COMMAND_BAD_VALUE, 0, false, 0, "" },
  { "FROM:<a@b> SIZE=000000000000000000001", COMMAND_BAD_VALUE, 0, false, 0, "" },
  { "FROM:<a@b> SIZE=1 SIZE=2", COMMAND_BAD_VALUE, 0, false, 0, "" },
  { "FROM:<a@b> BODY=BINARYMIME", COMMAND_BAD_VALUE, 0, false, 0, "" },
  { "FROM:<a@b> BODY=7BIT BODY=7BIT", COMMAND_BAD_VALUE, 0, false, 0, "" },
  { "FROM:<a@b> SMTPUTF8", COMMAND_BAD_PARAMETER, 0, false, 0, "" },
  { "FROM:<a@b> RET=FULL", COMMAND_BAD_PARAMETER, 0, false, 0, "" },
  { "FROM:<a@b> SIZE", COMMAND_BAD_PARAMETER, 0, false, 0, "" },
  { "FROM:<a@b>SIZE=1", COMMAND_BAD_SYNTAX, 0, false, 0, "" },
  { "FROM:a@b", COMMAND_BAD_SYNTAX, 0, false, 0, "" },
  { "FROM <a@b>", COMMAND_BAD_SYNTAX, 0, false, 0, "" },
  { "TO:<a@b>", COMMAND_BAD_SYNTAX, 0, false, 0, "" },
  { "", COMMAND_BAD_SYNTAX, 0, false, 0, "" },
  { "FROM:<a>", COMMAND_BAD_ADDRESS, 0, false, 0, "" },
  { "FROM:<a@b@c>", COMMAND_BAD_ADDRESS, 0, false, 0, "" },
  { "FROM:<a b@c>", COMMAND_BAD_ADDRESS, 0, false, 0, "" },
  { "FROM:<a@b", COMMAND_BAD_ADDRESS, 0, false, 0, "" },
  { "FROM:<\xc3\xa4@b>", COMMAND_EIGHT_BIT, 0, false, 0, "" },
  { "FROM:<a@b> BODY=\xc3\xa4", COMMAND_BAD_BYTE, 0, false, 0, "" },
};

static const struct {
  const char *argument;
  enum smtpd_command_result result;
} recipients[] = {
  { "TO:<a@b>", COMMAND_GOOD },
  { "to: <a@b>", COMMAND_GOOD },
  { "TO:<postmaster>", COMMAND_GOOD },
  { "TO:<>", COMMAND_BAD_ADDRESS },
  { "TO:a@b", COMMAND_BAD_SYNTAX },
  { "FROM:<a@b>", COMMAND_BAD_SYNTAX },
  { "TO:<a@b> NOTIFY=NEVER", COMMAND_BAD_PARAMETER },
  { "TO:<a@\xe4>", COMMAND_EIGHT_BIT },
};

static void check_lines(void)
{
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    struct smtpd_command c;
    bool good = smtpd_command_parse(&c, lines[i].line, strlen(lines[i].line)) == lines[i].result;
    if (good && lines[i].result == COMMAND_GOOD)
      good = !strcmp(c.verb, lines[i].verb) && c.length == strlen(lines[i].argument) &&
             !memcmp(c.argument, lines[i].argument, c.length);
    check(good, lines[i].line);
  }
  struct smtpd_command c;
  check(smtpd_command_parse(&c, "NOOP\0x", 6) == COMMAND_BAD_BYTE, "a NUL: check 5");
}

static void check_mails(void)
{
  struct address sender = ADDRESS_ZERO;

  for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
    struct smtpd_mail m;
    bool good = smtpd_mail_parse(&m, &sender, mails[i].argument, strlen(mails[i].argument)) == mails[i].result;
    if (good && mails[i].result == COMMAND_GOOD)
      good = m.is_null == !mails[i].sender && (m.is_null || !strcmp(sender.shown.s, mails[i].sender)) &&
             m.has_size == mails[i].has_size && (!m.has_size || m.size_bytes == mails[i].size) &&
             !strcmp(m.body, mails[i].body);
    check(good, mails[i].argument);
  }
  for (size_t i = 0; i < sizeof recipients / sizeof *recipients; i++)
    check(smtpd_rcpt_parse(&sender, recipients[i].argument, strlen(recipients[i].argument)) == recipients[i].result,
          recipients[i].argument);
  address_free(&sender);
}

static struct smtpd_input in;

static void give(const char *bytes)
{
  size_t room;
  char *to = smtpd_input_room(&in, &room);
  size_t length = strlen(bytes);

  if (!check(length <= room, "there is room")) return;
  memcpy(to, bytes, length);
  in.end += length;
}

static void check_input(void)
{
  const char *line;
  size_t length;

  give("one\r\ntw");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TAKEN && length == 3 && !memcmp(line, "one", 3), "a line");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_INCOMPLETE, "half a line is none");
  give("o\r");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_INCOMPLETE, "nor is one with half an end");
  give("\n\r\na\nb\rc\r\n\n");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TAKEN && length == 3, "now it is");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TAKEN && !length, "an empty line");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_BARE, "a bare LF: check 2");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_BARE, "a bare CR");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_BARE, "a bare LF alone");
  give("1234567890\r\n12345678901\r\nnext\r\n");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TAKEN && length == 10, "the longest line");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TOO_LONG, "one byte more");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TAKEN && length == 4, "and what follows is read");
}

/* Check 3: a line of any length, in a memory that does not grow. */
static void check_endless(void)
{
  const char *line;
  size_t length, room;
  bool fits = true;

  smtpd_input_forget(&in);
  for (int i = 0; i < 1000; i++) {
    char *to = smtpd_input_room(&in, &room);
    memset(to, 'x', room);
    in.end += room;
    fits = fits && room && smtpd_input_line(&in, 2048, &line, &length) == LINE_INCOMPLETE;
  }
  check(fits, "32 MB without an end");
  give("\r\nNOOP\r\n");
  check(smtpd_input_line(&in, 2048, &line, &length) == LINE_TOO_LONG, "it was too long, told once");
  check(smtpd_input_line(&in, 2048, &line, &length) == LINE_TAKEN && length == 4, "and the next one is read");
}

static void check_received(void)
{
  text out = TEXT_ZERO;
  struct smtpd_received r = { .helo = "mail.far.example", .ip = "2001:db8::1", .me = "mx.example.test",
                              .tls = "TLSv1.3 TLS_AES_256_GCM_SHA384", .id = "ID", .is_extended = true,
                              .is_authenticated = true, .seconds = 0 };

  smtpd_received_add(&out, &r);
  check_is(text_string(&out),
           "Received: from mail.far.example ([IPv6:2001:db8::1])\r\n"
           "\tby mx.example.test with ESMTPSA (TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n"
           "\tid ID; Thu, 1 Jan 1970 00:00:00 +0000\r\n", "a Received field (RFC 5321 4.4)");
  r = (struct smtpd_received){ .helo = "a (b) by c;", .ip = "192.0.2.1", .me = "m", .tls = "", .id = "ID", .seconds = 0 };
  text_clear(&out);
  smtpd_received_add(&out, &r);
  check_is(text_string(&out), "Received: from unknown ([192.0.2.1])\r\n\tby m with SMTP\r\n\tid ID; Thu, 1 Jan 1970 00:00:00 +0000\r\n",
           "a name that is none is not repeated");
  text_free(&out);
}

int main(void)
{
  check_lines();
  check_mails();
  check_input();
  check_endless();
  check_received();
  return check_done();
}
