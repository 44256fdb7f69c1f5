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

enum { ALL = ~0u };
static const struct {
  const char *argument;
  enum smtpd_command_result result;
  const char *said; /* what was understood, as show() writes it */
} mails[] = {
  { "FROM:<a@b>", COMMAND_GOOD, "a@b" },
  { "from: <a@b>", COMMAND_GOOD, "a@b" },
  { "FROM:<>", COMMAND_GOOD, "<>" },
  { "FROM:<a@b> SIZE=100 BODY=8BITMIME", COMMAND_GOOD, "a@b size=100 body=8BITMIME" },
  { "FROM:<a@b> body=7bit size=0", COMMAND_GOOD, "a@b size=0 body=7BIT" },
  { "FROM:<a@b>  SIZE=18446744073709551615", COMMAND_GOOD, "a@b size=18446744073709551615" },
  { "FROM:<a@b> AUTH=<>", COMMAND_GOOD, "a@b" },
  { "FROM:<a@b> AUTH=c+40d", COMMAND_GOOD, "a@b" },
  { "FROM:<a@b> SIZE=18446744073709551616", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> SIZE=-1", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> SIZE=", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> SIZE", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> SIZE=1x", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> SIZE=000000000000000000001", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> SIZE=1 SIZE=2", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> BODY=BINARYMIME", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> BODY=7BIT BODY=7BIT", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> AUTH=", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> AUTH=a=b", COMMAND_BAD_VALUE, 0 },
  /* RFC 6531 */
  { "FROM:<a@b> SMTPUTF8", COMMAND_GOOD, "a@b utf8" },
  { "FROM:<\xc3\xa4@b> smtputf8", COMMAND_GOOD, "\xc3\xa4@b utf8" },
  { "FROM:<a@b> SMTPUTF8=yes", COMMAND_BAD_VALUE, 0 },
  { "FROM:<\xc3\xa4@b>", COMMAND_EIGHT_BIT, 0 },
  { "FROM:<\xc3@b> SMTPUTF8", COMMAND_BAD_UTF8, 0 },
  { "FROM:<a@b> BODY=\xc3\xa4", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> \xc3\xa4=1", COMMAND_BAD_PARAMETER, 0 },
  /* RFC 3461 */
  { "FROM:<a@b> RET=FULL ENVID=QQ314159", COMMAND_GOOD, "a@b ret=full envid=QQ314159" },
  { "FROM:<a@b> ret=hdrs envid=a+2Bb+3Dc+20d", COMMAND_GOOD, "a@b ret=hdrs envid=a+b=c d" },
  { "FROM:<a@b> RET=SOME", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> RET=FULL RET=FULL", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> ENVID=", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> ENVID=a+", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> ENVID=a+4", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> ENVID=a+2b", COMMAND_BAD_VALUE, 0 }, /* small letters are no xtext */
  { "FROM:<a@b> ENVID=a=b", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> ENVID=a+0Ab", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> ENVID=a+C3+A4", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> ENVID=0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789", COMMAND_GOOD,
    "a@b envid=0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" },
  { "FROM:<a@b> ENVID=01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890", COMMAND_BAD_VALUE, 0 },
  /* RFC 8689, 4865, 6710 */
  { "FROM:<a@b> REQUIRETLS", COMMAND_GOOD, "a@b tls" },
  { "FROM:<a@b> REQUIRETLS=1", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDFOR=86400", COMMAND_GOOD, "a@b for=86400" },
  { "FROM:<a@b> HOLDUNTIL=2026-12-24T18:00:00Z", COMMAND_GOOD, "a@b until=1798135200" },
  { "FROM:<a@b> HOLDUNTIL=2026-12-24T19:30:00.25+01:30", COMMAND_GOOD, "a@b until=1798135200" },
  { "FROM:<a@b> HOLDFOR=1000000000", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDFOR=-1", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDFOR=0", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDFOR=060", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDFOR=1 HOLDUNTIL=2026-12-24T18:00:00Z", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDUNTIL=2026-02-30T18:00:00Z", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDUNTIL=2026-12-24T18:00:00", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDUNTIL=2026-12-24T24:00:00Z", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDUNTIL=2026-12-24T18:00:00.Z", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> HOLDUNTIL=tomorrow", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> MT-PRIORITY=-9", COMMAND_GOOD, "a@b priority=-9" },
  { "FROM:<a@b> MT-PRIORITY=3", COMMAND_GOOD, "a@b priority=3" },
  { "FROM:<a@b> MT-PRIORITY=10", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> MT-PRIORITY=-10", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> MT-PRIORITY=-0", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> MT-PRIORITY=+1", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> MT-PRIORITY=-", COMMAND_BAD_VALUE, 0 },
  { "FROM:<a@b> NOTIFY=NEVER", COMMAND_BAD_PARAMETER, 0 }, /* of RCPT */
  { "FROM:<a@b> XYZZY", COMMAND_BAD_PARAMETER, 0 },
  { "FROM:<a@b> =1", COMMAND_BAD_PARAMETER, 0 },
  { "FROM:<a@b>SIZE=1", COMMAND_BAD_SYNTAX, 0 },
  { "FROM:a@b", COMMAND_BAD_SYNTAX, 0 },
  { "FROM <a@b>", COMMAND_BAD_SYNTAX, 0 },
  { "TO:<a@b>", COMMAND_BAD_SYNTAX, 0 },
  { "", COMMAND_BAD_SYNTAX, 0 },
  { "FROM:<a>", COMMAND_BAD_ADDRESS, 0 },
  { "FROM:<a@b@c>", COMMAND_BAD_ADDRESS, 0 },
  { "FROM:<a b@c>", COMMAND_BAD_ADDRESS, 0 },
  { "FROM:<a@b", COMMAND_BAD_ADDRESS, 0 },
};

static const struct {
  const char *argument;
  bool is_utf8;
  enum smtpd_command_result result;
  const char *said;
} recipients[] = {
  { "TO:<a@b>", false, COMMAND_GOOD, "a@b" },
  { "to: <a@b>", false, COMMAND_GOOD, "a@b" },
  { "TO:<postmaster>", false, COMMAND_GOOD, "postmaster" },
  { "TO:<>", false, COMMAND_BAD_ADDRESS, 0 },
  { "TO:a@b", false, COMMAND_BAD_SYNTAX, 0 },
  { "FROM:<a@b>", false, COMMAND_BAD_SYNTAX, 0 },
  { "TO:<a@b> SIZE=1", false, COMMAND_BAD_PARAMETER, 0 },
  { "TO:<a@\xe4>", true, COMMAND_BAD_UTF8, 0 },
  { "TO:<\xc3\xa4@b>", false, COMMAND_EIGHT_BIT, 0 },
  { "TO:<\xc3\xa4@b>", true, COMMAND_GOOD, "\xc3\xa4@b" },
  /* RFC 3461 4.1, 4.2 */
  { "TO:<a@b> NOTIFY=NEVER", false, COMMAND_GOOD, "a@b notify=never" },
  { "TO:<a@b> notify=delay,Success", false, COMMAND_GOOD, "a@b notify=success,delay" },
  { "TO:<a@b> NOTIFY=SUCCESS,FAILURE,DELAY", false, COMMAND_GOOD, "a@b notify=success,failure,delay" },
  { "TO:<a@b> NOTIFY=NEVER,SUCCESS", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> NOTIFY=SUCCESS,NEVER", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> NOTIFY=SUCCESS,", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> NOTIFY=,SUCCESS", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> NOTIFY=", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> NOTIFY", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> NOTIFY=ALWAYS", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> NOTIFY=DELAY NOTIFY=DELAY", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=rfc822;Bob+2Bx@c", false, COMMAND_GOOD, "a@b orcpt=rfc822;Bob+x@c" },
  { "TO:<a@b> ORCPT=RFC822;c@d NOTIFY=FAILURE", false, COMMAND_GOOD, "a@b notify=failure orcpt=rfc822;c@d" },
  { "TO:<a@b> ORCPT=x400;/C+3DDE/", false, COMMAND_GOOD, "a@b orcpt=x400;/C=DE/" },
  { "TO:<a@b> ORCPT=c@d", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=;c@d", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=rfc822;", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=rfc 822;c", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=rfc822;c+0D", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=rfc822;\xc3\xa4@c", true, COMMAND_BAD_VALUE, 0 },
  /* RFC 6533 3 */
  { "TO:<a@b> ORCPT=utf-8;j\\x{F6}rg@c", false, COMMAND_GOOD, "a@b orcpt=utf-8;j\xc3\xb6rg@c" },
  { "TO:<a@b> ORCPT=UTF-8;\\x{1F600}\\x{4F8B}\\x{2B}@c", false, COMMAND_GOOD, "a@b orcpt=utf-8;\xf0\x9f\x98\x80\xe4\xbe\x8b+@c" },
  { "TO:<a@b> ORCPT=utf-8;j\xc3\xb6rg@c", true, COMMAND_GOOD, "a@b orcpt=utf-8;j\xc3\xb6rg@c" },
  { "TO:<a@b> ORCPT=utf-8;j\xc3\xb6rg@c", false, COMMAND_BAD_VALUE, 0 }, /* needs SMTPUTF8 */
  { "TO:<a@b> ORCPT=utf-8;\\x{D800}@c", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=utf-8;\\x{110000}@c", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=utf-8;\\x{0A}@c", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=utf-8;\\x{0F6}@c", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=utf-8;\\x{F6@c", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=utf-8;\\x", false, COMMAND_BAD_VALUE, 0 },
  { "TO:<a@b> ORCPT=utf-8;a+b@c", false, COMMAND_BAD_VALUE, 0 },
};

static const struct {
  const char *argument;
  enum smtpd_command_result result;
  uint64_t size;
  bool is_last;
} chunks[] = {
  { "0", COMMAND_GOOD, 0, false },
  { "0 LAST", COMMAND_GOOD, 0, true },
  { "86  last", COMMAND_GOOD, 86, true },
  { "18446744073709551615", COMMAND_GOOD, UINT64_MAX, false },
  { "18446744073709551616", COMMAND_BAD_VALUE, 0, false },
  { "-1", COMMAND_BAD_VALUE, 0, false },
  { "+1", COMMAND_BAD_VALUE, 0, false },
  { "0x10", COMMAND_BAD_VALUE, 0, false },
  { "1e3", COMMAND_BAD_VALUE, 0, false },
  { "", COMMAND_BAD_VALUE, 0, false },
  { "LAST", COMMAND_BAD_VALUE, 0, false },
  { "10 LASTS", COMMAND_BAD_VALUE, 0, false },
  { "10 LAST 20", COMMAND_BAD_VALUE, 0, false },
  { "000000000000000000001", COMMAND_BAD_VALUE, 0, false },
};

static const struct {
  const char *argument;
  enum smtpd_command_result result;
} names[] = {
  { "bob", COMMAND_GOOD },
  { "", COMMAND_BAD_SYNTAX },
  { "j\xc3\xb6rg SMTPUTF8", COMMAND_GOOD },
  { "j\xc3\xb6rg smtputf8", COMMAND_GOOD },
  { "j\xc3\xb6rg", COMMAND_EIGHT_BIT },
  { "j\xf6rg SMTPUTF8", COMMAND_BAD_UTF8 },
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

/* What was understood, in one line. */
static const char *show(const struct smtpd_parameters *p, const struct address *a)
{
  static text line = TEXT_ZERO;

  text_copy(&line, p->is_null ? "<>" : a->shown.s);
  if (p->has_size) text_add_format(&line, " size=%llu", (unsigned long long)p->size_bytes);
  if (*p->body) text_add_format(&line, " body=%s", p->body);
  if (p->is_utf8) text_add(&line, " utf8");
  if (p->requires_tls) text_add(&line, " tls");
  if (*p->ret) text_add_format(&line, " ret=%s", p->ret);
  if (p->envid.len) text_add_format(&line, " envid=%s", p->envid.s);
  if (p->hold != HOLD_NOT) text_add_format(&line, p->hold == HOLD_FOR ? " for=%llu" : " until=%llu", (unsigned long long)p->hold_seconds);
  if (p->priority != PRIORITY_NONE) text_add_format(&line, " priority=%d", p->priority);
  if (p->notify.len) text_add_format(&line, " notify=%s", p->notify.s);
  if (p->orcpt.len) text_add_format(&line, " orcpt=%s", p->orcpt.s);
  return text_string(&line);
}

static void check_mails(void)
{
  struct address a = ADDRESS_ZERO;
  struct smtpd_parameters p = { .body = "" };

  for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
    check(smtpd_mail_parse(&p, &a, mails[i].argument, strlen(mails[i].argument), ALL) == mails[i].result, mails[i].argument);
    if (mails[i].said) check_is(show(&p, &a), mails[i].said, "  is understood");
  }
  for (size_t i = 0; i < sizeof recipients / sizeof *recipients; i++) {
    check(smtpd_rcpt_parse(&p, &a, recipients[i].argument, strlen(recipients[i].argument), ALL, recipients[i].is_utf8) ==
            recipients[i].result, recipients[i].argument);
    p.is_utf8 = false;
    if (recipients[i].said) check_is(show(&p, &a), recipients[i].said, "  is understood");
  }
  check(smtpd_mail_parse(&p, &a, "FROM:<a@b> RET=FULL", 19, ALL & ~EXTENSION_DSN) == COMMAND_BAD_PARAMETER, "what was not offered is not known");
  check(smtpd_rcpt_parse(&p, &a, "TO:<a@b> NOTIFY=NEVER", 21, ALL & ~EXTENSION_DSN, false) == COMMAND_BAD_PARAMETER, "  nor with RCPT");
  address_free(&a);
}

static void check_arguments(void)
{
  for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
    struct smtpd_chunk c = { .size_bytes = 0 };
    bool good = smtpd_chunk_parse(&c, chunks[i].argument, strlen(chunks[i].argument)) == chunks[i].result;
    if (good && chunks[i].result == COMMAND_GOOD) good = c.size_bytes == chunks[i].size && c.is_last == chunks[i].is_last;
    check(good, chunks[i].argument);
  }
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    check(smtpd_verify_parse(names[i].argument, strlen(names[i].argument)) == names[i].result, names[i].argument);
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
  give("\n\r\na\nMAIL\nQUIT\r\nb\rc\r\nd\r\n\nRSET\r");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TAKEN && length == 3, "now it is");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TAKEN && !length, "an empty line");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_BARE, "a bare LF: check 2");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_BARE, "a bare CR");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TAKEN && *line == 'd', "what stands between a bare LF and CRLF is no line");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_BARE, "a bare LF alone");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_INCOMPLETE, "what follows is no line before CRLF");
  give("\n1234567890\r\n12345678901\r\nnext\r\n");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TAKEN && length == 10, "the longest line");
  check(smtpd_input_line(&in, 10, &line, &length) == LINE_TOO_LONG && !memcmp(line, "12345", length), "one byte more");
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
  give("\nMAIL\r\n");
  check(smtpd_input_line(&in, 2048, &line, &length) == LINE_TOO_LONG && !memcmp(line, "xxxxx", length), "it was too long, told once");
  give("NOOP\r\n");
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
           "\tby mx.example.test with ESMTPSA (TLSv1.3)\r\n"
           "\tid ID\r\n\ttls TLS_AES_256_GCM_SHA384; Thu, 1 Jan 1970 00:00:00 +0000\r\n", "a Received field (RFC 5321 4.4, RFC 8314 4.3)");
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
  check_arguments();
  check_input();
  check_endless();
  check_received();
  return check_done();
}
