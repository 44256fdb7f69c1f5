/* The parts of a message, and what IMAP says about them: ENVELOPE, BODYSTRUCTURE, sections. Every mail is read with LF
   and with CRLF, and the answers must be the same. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "imap/bodystructure.h"
#include "imap/envelope.h"
#include "imap/section.h"
#include "tests/check.h"

static const struct { const char *what, *mail, *structure; } structures[] = {
  { "no header: text in US-ASCII", "\nhi\n", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1)" },
  { "nothing at all", "", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)" },
  { "a header without a body", "A: b\n", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)" },
  { "type, parameters, encoding, id and description",
    "Content-Type: Text/HTML; charset=\"utf-8\";\n format=flowed (x)\nContent-Transfer-Encoding: Quoted-Printable\n"
    "Content-ID: <a@b>\nContent-Description: a\n b\n\nhi\nho",
    "(\"Text\" \"HTML\" (\"charset\" \"utf-8\" \"format\" \"flowed\") \"<a@b>\" \"a b\" \"Quoted-Printable\" 6 1)" },
  { "a broken type is text (RFC 2045 5.2)", "Content-Type: text\n\nx", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0)" },
  { "a type that is not text has no lines", "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAA==\n",
    "(\"image\" \"png\" NIL NIL NIL \"base64\" 6)" },
  { "a multipart", "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n\n--b--\npost\n",
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 0)(\"text\" \"html\" NIL NIL NIL \"7bit\" 5 1) \"mixed\")" },
  { "a boundary with spaces behind it", "Content-Type: multipart/mixed; boundary=b\n\n--b  \n\none\n--b-- \n",
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 0) \"mixed\")" },
  { "what only begins like a boundary is text", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--bc\n--b-\n--b--\n",
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 10 1) \"mixed\")" },
  { "behind the last boundary nothing is a part", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n",
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) \"mixed\")" },
  { "a header and at once two boundaries: a part is not larger than what it is in",
    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=b\n\n"
    "--b\nX: y\n\n--a--\n",
    "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 58 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \"mixed\") 5) \"mixed\")" },
  { "a missing last boundary", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n",
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1) \"mixed\")" },
  { "an outer boundary ends what is inside",
    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--a\n\ny\n--a--\n",
    "(((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) \"mixed\")"
    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) \"mixed\")" },
  { "one boundary that begins with another",
    "Content-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--bb--\n",
    "(((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) \"mixed\") \"mixed\")" },
  { "a multipart without a boundary is text", "Content-Type: multipart/mixed\n\nx", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0)" },
  { "a multipart without parts shows an empty one", "Content-Type: multipart/mixed; boundary=b\n\nx\n",
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \"mixed\")" },
  { "a boundary in a header ends the part", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\n--b\n\nx\n--b--",
    "((\"image\" \"gif\" NIL NIL NIL \"7bit\" 0)(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) \"mixed\")" },
  { "a message in a message", "Content-Type: message/rfc822\n\nSubject: in\n\nhi\n",
    "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 19 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1) 3)" },
  { "a digest is of messages", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b--\n",
    "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 15 (NIL \"x\" NIL NIL NIL NIL NIL NIL NIL NIL) "
    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) 2) \"digest\")" },
  { "a quoted boundary with escapes", "Content-Type: multipart/mixed; boundary=\"a\\\"; b\"\n\n--a\"; b\n\nx\n--a\"; b--\n",
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) \"mixed\")" },
  { "a parameter with a space that should be quoted", "Content-Type: image/png; name=a b.png; x=y\n\n",
    "(\"image\" \"png\" (\"name\" \"a b.png\" \"x\" \"y\") NIL NIL \"7bit\" 0)" },
  { "parameters that are none", "Content-Type: image/png;; x; =y; z = \"q;\"r ; a=\n\n",
    "(\"image\" \"png\" (\"z\" \"q;\" \"a\" \"\") NIL NIL \"7bit\" 0)" },
};

static const struct { const char *what, *mail, *structure; } extended[] = {
  { "disposition, language, location and MD5",
    "Content-Type: image/png\nContent-Disposition: Attachment; filename=\"a;b\"\nContent-Language: en, de-DE\nContent-Location: x/y\nContent-MD5: Q2hlY2s=\n\n",
    "(\"image\" \"png\" NIL NIL NIL \"7bit\" 0 \"Q2hlY2s=\" (\"Attachment\" (\"filename\" \"a;b\")) (\"en\" \"de-DE\") \"x/y\")" },
  { "a disposition without parameters", "Content-Disposition: inline\n\n",
    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL (\"inline\" NIL) NIL NIL)" },
  { "a multipart's parameters", "Content-Type: multipart/related; boundary=b; type=\"text/html\"\nContent-Language: ,,\n\n--b\n\n--b--\n",
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL) \"related\" "
    "(\"boundary\" \"b\" \"type\" \"text/html\") NIL NIL NIL)" },
  { "a multipart without parts", "Content-Type: multipart/mixed; boundary=b\n\nx\n",
    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
};

static const struct { const char *what, *header, *envelope; } envelopes[] = {
  { "all fields", "Date: d\nSubject: s\nFrom: A <a@x>\nSender: b@x\nReply-To: c@x\nTo: d@x\nCc: e@x\nBcc: f@x\nIn-Reply-To: <i>\nMessage-ID: <m>\n",
    "(\"d\" \"s\" ((\"A\" NIL \"a\" \"x\")) ((NIL NIL \"b\" \"x\")) ((NIL NIL \"c\" \"x\")) ((NIL NIL \"d\" \"x\")) "
    "((NIL NIL \"e\" \"x\")) ((NIL NIL \"f\" \"x\")) \"<i>\" \"<m>\")" },
  { "nothing", "", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
  { "Sender and Reply-To are From's", "From: a@x\nSender: \n",
    "(NIL NIL ((NIL NIL \"a\" \"x\")) ((NIL NIL \"a\" \"x\")) ((NIL NIL \"a\" \"x\")) NIL NIL NIL NIL NIL)" },
  { "an empty subject is there, an empty list is not", "Subject:\nTo: ,\n", "(NIL \"\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
  { "a second subject does not count, a second To does", "Subject: a\nSubject: b\nTo: a@x\nTO: b@x\n",
    "(NIL \"a\" NIL NIL NIL ((NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\")) NIL NIL NIL NIL)" },
  { "a group", "To: G: a@x;\n", "(NIL NIL NIL NIL NIL ((NIL NIL \"G\" NIL)(NIL NIL \"a\" \"x\")(NIL NIL NIL NIL)) NIL NIL NIL NIL)" },
  { "8-bit is a literal, a quote is escaped", "Subject: \xc3\xbc\nMessage-ID: a\"b\n",
    "(NIL {2}\r\n\xc3\xbc NIL NIL NIL NIL NIL NIL NIL \"a\\\"b\")" },
  { "folded", "Subject: a\n b\n\tc\n", "(NIL \"a b\tc\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
};

static const char nested[] =
  "From: a@x\nSubject: out\nX-Long: 1\n 2\nto: t@x\nContent-Type: multipart/mixed; boundary=b\n\n"
  "--b\nX: 1\n\none\n--b\nContent-Type: message/rfc822\nX: 2\n\n"
  "Subject: in\nTo: i@x\nContent-Type: multipart/alternative; boundary=c\n\n--c\nX: 21\n\nalt\n--c--\n"
  "\n--b\nContent-Type: message/rfc822\n\nSubject: plain\n\nbody\n--b--\n";

static const struct { const char *what, *section, *shown; } sections[] = {
  { "a part's body", "1]", "one" },
  { "a part's own header", "1.MIME]", "X: 1\r\n\r\n" },
  { "a message as a part", "3]", "Subject: plain\r\n\r\nbody" },
  { "its MIME header is that of the part", "3.MIME]", "Content-Type: message/rfc822\r\n\r\n" },
  { "its header is that of the message", "3.HEADER]", "Subject: plain\r\n\r\n" },
  { "its text", "3.TEXT]", "body" },
  { "part 1 of a message that is no multipart", "3.1]", "body" },
  { "and its MIME header", "3.1.MIME]", "Subject: plain\r\n\r\n" },
  { "a part of the message in a part", "2.1]", "alt" },
  { "its MIME header", "2.1.MIME]", "X: 21\r\n\r\n" },
  { "the text of the message in a part", "2.TEXT]", "--c\r\nX: 21\r\n\r\nalt\r\n--c--\r\n" },
  { "fields of the message in a part", "2.HEADER.FIELDS (TO)]", "To: i@x\r\n\r\n" },
  { "chosen fields, folds and all, in the message's order", "HEADER.FIELDS (to x-long)]", "X-Long: 1\r\n 2\r\nto: t@x\r\n\r\n" },
  { "all fields but some", "HEADER.FIELDS.NOT (from Content-Type X-LONG)]", "Subject: out\r\nto: t@x\r\n\r\n" },
  { "no such field", "HEADER.FIELDS (bcc)]", "\r\n" },
  { "a partial", "3]<9.7>", "plain\r\n" },
  { "a partial over the end", "3.TEXT]<2.4294967295>", "dy" },
  { "a partial from the end on is empty", "3.TEXT]<4.1>", "" },
  { "a partial far beyond is empty (check 44)", "3.TEXT]<4294967295.4294967295>", "" },
  { "no such part", "4]", 0 },
  { "a part of what has none", "1.1]", 0 },
  { "the header of what is no message", "1.HEADER]", 0 },
  { "a part far away", "4294967295.4294967295]", 0 },
};

static void with_crlf(const char *mail, text *out)
{
  text_clear(out);
  for (; *mail; mail++) {
    if (*mail == '\n') text_add_char(out, '\r');
    text_add_char(out, *mail);
  }
}

/* The same of a mail with LF, and with CRLF. */
static void check_both(void (*show)(text *out, const struct mime *m), const char *mail, const char *shown,
                       const char *what)
{
  struct mime m = MIME_ZERO;
  text out = TEXT_ZERO, crlf = TEXT_ZERO;

  mime_parse(&m, mail, strlen(mail));
  show(&out, &m);
  check_is(text_string(&out), shown, what);
  with_crlf(mail, &crlf);
  check(m.size == crlf.len, "the size is that with CRLF");
  mime_parse(&m, crlf.s, crlf.len);
  text_clear(&out);
  show(&out, &m);
  check_is(text_string(&out), shown, what);
  check(m.is_plain && m.size == crlf.len, "a mail with CRLF is plain");
  mime_free(&m);
  text_free(&out);
  text_free(&crlf);
}

static void show_envelope(text *out, const struct mime *m)
{
  imap_envelope_add(out, m->parts[0].header.s, m->parts[0].header.len);
}

static const char *current_section;

static void show_section(text *out, const struct mime *m)
{
  struct imap_command c = IMAP_COMMAND_ZERO;
  struct octets octets;
  text command = TEXT_ZERO, chosen = TEXT_ZERO;

  text_add_format(&command, "a FETCH 1 BODY[%s", current_section);
  if (!imap_command_parse(&c, command.s, command.len)) text_add(out, "BAD");
  else if (!imap_section_find(m, &c.items[0].section, &chosen, &octets)) text_add(out, "NIL");
  else octets_add(octets, out);
  imap_command_free(&c);
  text_free(&command);
  text_free(&chosen);
}

/* The piece, its "#" replaced by a number. */
static void add_numbered(text *mail, const char *piece, unsigned int number)
{
  for (; *piece; piece++)
    if (*piece == '#') text_add_number(mail, number);
    else text_add_char(mail, *piece);
}

/* Hostile structure (check 11): twice as much may take hardly more than twice the time. */
static double seconds_of(const char *begin, const char *piece, const char *end, unsigned int count, struct mime *m)
{
  text mail = TEXT_ZERO, out = TEXT_ZERO;
  clock_t before;

  text_add(&mail, begin);
  for (unsigned int i = 0; i < count; i++) add_numbered(&mail, piece, i);
  text_add(&mail, end);
  before = clock();
  mime_parse(m, mail.s, mail.len);
  imap_bodystructure_add(&out, m);
  show_envelope(&out, m);
  double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
  text_free(&mail);
  text_free(&out);
  return seconds;
}

static uint32_t check_linear(const char *what, const char *begin, const char *piece, const char *end, unsigned int count)
{
  struct mime m = MIME_ZERO;
  double once = seconds_of(begin, piece, end, count, &m), twice = seconds_of(begin, piece, end, 2 * count, &m);
  uint32_t parts = m.count;

  check(twice < 0.2 + 8 * once, what);
  mime_free(&m);
  return parts;
}

static void check_hostile(void)
{
  check_linear("100,000 header fields", "", "X-#: #\n", "\n", 100000);
  check_linear("a header field of 5 MiB", "Subject: ", "#######\n ", "\n\n", 300000);
  check_linear("100,000 addresses", "To: a@b", ",\n \"a#\" <b#@c>", "\n\n", 100000);
  check_linear("100,000 open brackets", "To: a@b", ", a@[#(#", "\n\n", 100000);
  check_linear("100,000 quotes", "To: ", "\"<#@,#:", "\n\n", 100000);
  check(check_linear("5,000 nested multiparts", "", "Content-Type: multipart/mixed; boundary=b#\n\n--b#\n", "\nx", 5000) ==
          MIME_DEPTH_MAX + 1, "are cut at MIME_DEPTH_MAX");
  check(check_linear("50,000 parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n# #\n", "--b--\n", 50000) ==
          MIME_PARTS_MAX, "are cut at MIME_PARTS_MAX");
  check(check_linear("5,000 nested messages", "", "Content-Type: message/rfc822\nX: #\nY: #\n\n", "x", 5000) ==
          MIME_DEPTH_MAX + 1, "are cut at MIME_DEPTH_MAX");
  check_linear("300,000 lines like boundaries", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", "--b# #\n", "", 300000);
  check_linear("100,000 parameters", "Content-Type: a/b", "; a#=\"#\"", "\n\n", 100000);
  check_linear("100,000 languages", "Content-Language: a", ",(#) \"#", "\n\n", 100000);
  check_linear("100,000 comments", "Content-Type: a/b; ", "(#(#", "\n\n", 100000);
}

int main(void)
{
  for (size_t i = 0; i < sizeof structures / sizeof *structures; i++)
    check_both(imap_body_add, structures[i].mail, structures[i].structure, structures[i].what);
  for (size_t i = 0; i < sizeof extended / sizeof *extended; i++)
    check_both(imap_bodystructure_add, extended[i].mail, extended[i].structure, extended[i].what);
  for (size_t i = 0; i < sizeof envelopes / sizeof *envelopes; i++)
    check_both(show_envelope, envelopes[i].header, envelopes[i].envelope, envelopes[i].what);
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    current_section = sections[i].section;
    check_both(show_section, nested, sections[i].shown ? sections[i].shown : "NIL", sections[i].what);
  }
  check_hostile();
  return check_done();
}
