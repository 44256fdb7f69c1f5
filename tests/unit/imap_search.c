/* Which messages a search program matches. */

#include <string.h>
#include <time.h>

#include "imap/search.h"
#include "tests/check.h"

static const char mail[] =
  "Date: Sat, 21 Nov 2026 23:30:00 -0500\r\n"
  "From: =?utf-8?q?J=C3=BCrgen_Gro=C3=9F?= <jg@example.test>\r\n"
  "To: Bob <bob@example.test>,\r\n\tcarol@example.test\r\n"
  "Subject: =?iso-8859-1?b?/GJlciBLb2xu?= and\r\n more\r\n"
  "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
  "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
  "Gr=FC=DFe aus der =\r\nStadt\r\n"
  "--b\r\nContent-Type: text/html; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\n"
  "SABlAGwAbABvACAAMdih3A==\r\n"
  "--b\r\nContent-Type: application/pdf; name=needle.pdf\r\n\r\nhidden\r\n"
  "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ndeep text\r\n"
  "--b--\r\n";

struct case_ {
  const char *what, *search;
  bool matches, opens;
};

static const struct case_ cases[] = {
  { "ALL", "ALL", true, false },
  { "a flag that is set", "SEEN", true, false },
  { "a flag that is not", "DELETED", false, false },
  { "the opposite", "UNDELETED", true, false },
  { "OLD is not RECENT", "OLD", true, false },
  { "NEW is RECENT and not SEEN", "NEW", false, false },
  { "a keyword", "KEYWORD $work", true, false },
  { "another keyword", "UNKEYWORD $play", true, false },
  { "a message number", "2:4", true, false },
  { "another", "5", false, false },
  { "* is the last message", "*", false, false },
  { "a number beyond the mailbox", "99", false, false },
  { "a UID", "UID 70:*", true, false },
  { "INTERNALDATE on a day", "ON 21-Nov-2026", true, false },
  { "before a day", "BEFORE 21-Nov-2026", false, false },
  { "since a day", "SINCE 21-Nov-2026", true, false },
  { "larger", "LARGER 999", true, false },
  { "not larger than its size", "LARGER 1000", false, false },
  { "smaller", "SMALLER 1001", true, false },
  { "sent: the day where it was written", "SENTON 21-Nov-2026", true, true },
  { "not the day in UTC", "SENTON 22-Nov-2026", false, true },
  { "sent before and since", "SENTBEFORE 22-Nov-2026 SENTSINCE 21-Nov-2026", true, true },
  { "From, decoded, in any case", "CHARSET utf-8 FROM \"J\xc3\x9cRGEN\"", true, true },
  { "folding is Unicode's", "CHARSET utf-8 FROM gross", true, true },
  { "From as an address", "FROM jg@EXAMPLE", true, true },
  { "To, second line", "TO carol", true, true },
  { "Cc is not there", "CC bob", false, true },
  { "Subject in another character set", "CHARSET iso-8859-1 SUBJECT \"\xdc" "ber koln and more\"", true, true },
  { "the empty string in a field that is there", "HEADER to \"\"", true, true },
  { "and in one that is not", "HEADER x-no \"\"", false, true },
  { "the body, quoted-printable in Latin-1", "CHARSET utf-8 BODY \"gr\xc3\xbc\xc3\x9f" "e\"", true, true },
  { "over a soft line break", "BODY \"der stadt\"", true, true },
  { "the body, base64 in UTF-16", "CHARSET utf-8 BODY \"hello 1\"", false, true },
  { "a character outside of the BMP", "CHARSET utf-8 BODY {4+}\r\n\xf0\x9c\x92\xa1", true, true },
  { "a message in the message", "BODY \"DEEP TEXT\"", true, true },
  { "its subject", "BODY inner", true, true },
  { "a file's name", "BODY needle.pdf", true, true },
  { "not what is no text", "BODY hidden", false, true },
  { "not the subject", "BODY koln", false, true },
  { "TEXT has the header too", "TEXT koln", true, true },
  { "TEXT has the names of fields", "TEXT \"subject: \"", true, true },
  { "AND ends at what is cheap", "TEXT koln DELETED", false, false },
  { "OR too", "OR TEXT koln SEEN", true, false },
  { "NOT", "NOT TEXT koln", false, true },
  { "parentheses", "OR (SEEN DELETED) (SEEN NOT DELETED)", true, false },
};

static bool opened;

static bool has_keyword(void *context, const char *keyword) { return string_is_nocase(keyword, context); }

static bool open_mail(void *context, struct bytes *message)
{
  (void)context;
  opened = true;
  *message = (struct bytes){ mail, sizeof mail - 1 };
  return true;
}

static bool open_nothing(void *context, struct bytes *message)
{
  (void)context;
  (void)message;
  return false;
}

static struct imap_search_message message = {
  .sequence = 3, .uid = 77, .flags = IMAP_SEEN | IMAP_FLAGGED, .date_seconds = 1795258155, .size = 1000,
  .context = (char[]){ "$Work" }, .has_keyword = has_keyword, .open = open_mail,
};

static enum imap_search_ready prepare(struct imap_command *c, const char *search)
{
  text command = TEXT_ZERO;

  text_add_format(&command, "a SEARCH %s", search);
  check(imap_command_parse(c, command.s, command.len), "the program is understood");
  text_free(&command);
  return imap_search_prepare(c, 9, 99);
}

static enum imap_search_result search(struct imap_command *c, const char *program)
{
  enum imap_search_result result = IMAP_SEARCH_BROKEN;

  opened = false;
  if (prepare(c, program) != IMAP_SEARCH_READY) return result;
  struct imap_search *s = imap_search_open(c);
  result = imap_search_match(s, &message);
  check(imap_search_match(s, &message) == result, "the second time as the first");
  imap_search_close(s);
  return result;
}

static bool open_text(void *context, struct bytes *message_bytes)
{
  const text *t = context;
  *message_bytes = (struct bytes){ t->s, t->len };
  return true;
}

/* A needle is found wherever it lies, also where one piece ends and the next begins. */
static void check_pieces(struct imap_command *c)
{
  text long_mail = TEXT_ZERO;
  struct imap_search_message m = message;
  unsigned int found = 0;

  prepare(c, "BODY needle");
  struct imap_search *s = imap_search_open(c);
  m.context = &long_mail;
  m.open = open_text;
  text_add(&long_mail, "Subject: x\r\n\r\n");
  for (size_t i = 0; i < 70000; i++) text_add_char(&long_mail, "neexlne"[i % 7]);
  check(imap_search_match(s, &m) == IMAP_SEARCH_NO, "no needle in a body of several pieces");
  for (size_t at = 32700; at < 32900; at++) {
    char saved[6];
    memcpy(saved, long_mail.s + at, 6);
    memcpy(long_mail.s + at, "NEEDLE", 6);
    found += imap_search_match(s, &m) == IMAP_SEARCH_YES;
    memcpy(long_mail.s + at, saved, 6);
  }
  check(found == 200, "a needle is found wherever it lies");
  imap_search_close(s);
  text_free(&long_mail);
}

/* Hostile mails (check 11): twice as much may take hardly more than twice the time. */
static double seconds_of(struct imap_search *s, const char *begin, const char *piece, unsigned int count)
{
  text hostile = TEXT_ZERO;
  struct imap_search_message m = message;
  clock_t before;

  m.context = &hostile;
  m.open = open_text;
  text_add(&hostile, begin);
  for (unsigned int i = 0; i < count; i++) text_add(&hostile, piece);
  before = clock();
  imap_search_match(s, &m);
  double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
  text_free(&hostile);
  return seconds;
}

static const struct { const char *what, *begin, *piece; unsigned int count; } hostile[] = {
  { "100,000 header fields", "", "X: y\r\n", 100000 },
  { "100,000 encoded words", "Subject:", " =?utf-8?q?=C3=BC?=", 100000 },
  { "100,000 words of unknown character sets", "Subject:", " =?a?q?b?= =?c?q?d?=", 50000 },
  { "100,000 words that are not ended", "Subject:", " =?utf-8?q?", 100000 },
  { "a body of invalid bytes", "\r\n", "\xff\xfe", 500000 },
  { "quoted-printable spaces", "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "  \t", 500000 },
  { "quoted-printable escapes that are none", "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=x== ", 200000 },
  { "a body that is almost the needle, again and again", "\r\n", "needlneedl", 200000 },
};

static void check_hostile(struct imap_command *c)
{
  prepare(c, "TEXT needle");
  struct imap_search *s = imap_search_open(c);
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    double once = seconds_of(s, hostile[i].begin, hostile[i].piece, hostile[i].count);
    check(seconds_of(s, hostile[i].begin, hostile[i].piece, 2 * hostile[i].count) < 0.2 + 8 * once, hostile[i].what);
  }
  imap_search_close(s);
}

int main(void)
{
  struct imap_command c = IMAP_COMMAND_ZERO;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    check(search(&c, cases[i].search) == (cases[i].matches ? IMAP_SEARCH_YES : IMAP_SEARCH_NO), cases[i].what);
    check(opened == cases[i].opens, "the message is opened only if it must be");
  }
  check(prepare(&c, "CHARSET nonsense ALL") == IMAP_SEARCH_BAD_CHARSET, "an unknown character set");
  check(prepare(&c, "CHARSET utf-8 TEXT \"\xff\"") == IMAP_SEARCH_BAD_STRING, "a string that is not of its character set");
  check(prepare(&c, "TEXT \"\xff\"") == IMAP_SEARCH_BAD_STRING, "8-bit without a character set that is no UTF-8");
  message.open = open_nothing;
  check(search(&c, "NOT TEXT x") == IMAP_SEARCH_BROKEN, "a message that cannot be read is neither");
  check_pieces(&c);
  check_hostile(&c);
  imap_command_free(&c);
  return check_done();
}
