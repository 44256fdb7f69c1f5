/* smtpd/data and smtpd/header: the end of DATA is CRLF.CRLF and nothing else (check 1, check 2), dots are unstuffed,
   and it makes no difference in which pieces the bytes come: every case is read whole, byte by byte, and cut in two at
   every place. */

#include "smtpd/data.h"
#include "smtpd/header.h"
#include "tests/check.h"

const char *PROG = "smtpd_data";

static const struct {
  const char *what;
  const char *bytes;
  const char *content; /* 0: it does not end */
  bool has_bare;
  const char *left; /* what is behind the end */
} cases[] = {
  { "a line", "a\r\n.\r\n", "a\r\n", false, "" },
  { "an empty message", ".\r\n", "", false, "" },
  { "what is behind the end is left", "a\r\n.\r\nMAIL", "a\r\n", false, "MAIL" },
  { "a stuffed dot", "..\r\n.\r\n", ".\r\n", false, "" },
  { "a stuffed dot before text", "..a\r\n.\r\n", ".a\r\n", false, "" },
  { "a dot that was not stuffed is taken away (RFC 5321 4.5.2)", ".a\r\n.\r\n", "a\r\n", false, "" },
  { "dots inside a line", "a.\r\nb..c\r\n.\r\n", "a.\r\nb..c\r\n", false, "" },
  { "three dots", "...\r\n.\r\n", "..\r\n", false, "" },
  { "empty lines", "\r\n\r\n.\r\n", "\r\n\r\n", false, "" },
  { "a dot and a space is no end", ". \r\n.\r\n", " \r\n", false, "" },
  { "it may have no end yet", "a\r\n.\r", 0, false, "" },
  { "nor here", "a\r\n.", 0, false, "" },
  { "eight bits", "\xc3\xa4\xff\r\n.\r\n", "\xc3\xa4\xff\r\n", false, "" },
  { "LF.LF is content", "a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", true, "" },
  { "LF.CRLF is content", "a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", true, "" },
  { "CRLF.LF is content", "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", true, "" },
  { "CR.CR is content", "a\r.\rb\r\n.\r\n", "a\r.\rb\r\n", true, "" },
  { "CRLF.CR is content", "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", true, "" },
  { "CR.CRLF is content", "a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", true, "" },
  { "CRLF.CR CRLF is content", "a\r\n.\r\r\nb\r\n.\r\n", "a\r\n\r\r\nb\r\n", true, "" },
  { "CR CRLF.CRLF is an end, and the message is bare", "a\r\r\n.\r\nQUIT", "a\r\r\n", true, "QUIT" },
  { "LF CRLF.CRLF too", "a\n\r\n.\r\n", "a\n\r\n", true, "" },
  { "a bare CR alone", "a\rb\r\n.\r\n", "a\rb\r\n", true, "" },
  { "a bare LF alone", "a\nb\r\n.\r\n", "a\nb\r\n", true, "" },
  { "a bare LF first", "\n.\r\nx\r\n.\r\n", "\n.\r\nx\r\n", true, "" },
};

enum { CUT_NOWHERE = 0, CUT_EVERYWHERE = -1 };

static bool reads_as_expected(size_t i, long cut)
{
  const char *bytes = cases[i].bytes;
  size_t length = strlen(bytes), used = 0;
  struct smtpd_data d = { .state = DATA_LINE_START };
  text out = TEXT_ZERO;

  while (used < length && d.state != DATA_ENDED) {
    size_t piece = length - used;
    if (cut == CUT_EVERYWHERE) piece = 1;
    if (cut > 0 && used < (size_t)cut) piece = (size_t)cut - used;
    used += smtpd_data_feed(&d, bytes + used, piece, &out);
  }
  bool good = (d.state == DATA_ENDED) == (cases[i].content != 0) && d.has_bare == cases[i].has_bare;
  if (cases[i].content) good = good && text_is(&out, cases[i].content) && !strcmp(bytes + used, cases[i].left);
  if (!good) printf("# cut at %ld: %s\n", cut, text_string(&out));
  text_free(&out);
  return good;
}

static void check_data(void)
{
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool good = reads_as_expected(i, CUT_NOWHERE) && reads_as_expected(i, CUT_EVERYWHERE);
    for (size_t cut = 1; cut < strlen(cases[i].bytes); cut++) good = reads_as_expected(i, (long)cut) && good;
    check(good, cases[i].what);
  }
}

static void check_long(void)
{
  struct smtpd_data d = { .state = DATA_LINE_START };
  text out = TEXT_ZERO, line = TEXT_ZERO;

  for (int i = 0; i < 100000; i++) text_add(&line, "x");
  text_add(&line, "\r\n.\r\n");
  check(smtpd_data_feed(&d, line.s, line.len, &out) == line.len && d.state == DATA_ENDED, "a long line");
  check(out.len == 100002, "  whole");
  text_free(&out);
  text_free(&line);
}

static const struct {
  const char *what;
  const char *bytes;
  unsigned int hops;
  const char *id;
  size_t length, body; /* of a header that ends early; 0: all */
} headers[] = {
  { "one hop and an id", "Received: x\r\nMessage-ID: <a@b>\r\n\r\n", 1, "<a@b>", 32, 34 },
  { "names in any case", "RECEIVED: x\r\nreceived:y\r\nmessage-Id:<a@b>\r\n\r\n", 2, "<a@b>", 43, 45 },
  { "a folded id", "Message-ID:\r\n <a@b>\r\nReceived: x\r\n\r\n", 1, "<a@b>", 34, 36 },
  { "an id without brackets ends with its line", "Message-ID: ab c\r\nReceived: x\r\n\r\n", 1, "abc", 31, 33 },
  { "the first id counts", "Message-ID: <1@b>\r\nMessage-ID: <2@b>\r\n\r\n", 0, "<1@b>", 38, 40 },
  { "what is behind the id does not", "Message-ID: <1@b> (x)\r\n y\r\n\r\n", 0, "<1@b>", 27, 29 },
  { "the body is not looked at", "Subject: x\r\n\r\nReceived: x\r\nMessage-ID: <a@b>\r\n", 0, "", 12, 14 },
  { "a continued line is none", "Subject: x\r\n Received: x\r\n\r\n", 0, "", 26, 28 },
  { "other names", "X-Received: x\r\nReceived-SPF: y\r\nMessage-IDs: <a@b>\r\n\r\n", 0, "", 52, 54 },
  { "no body", "Received: x", 1, "", 11, 11 },
  { "space before the colon (RFC 5322 4.5)", "Received : x\r\nFrom : y\r\n\r\n", 1, "", 24, 26 },
  { "no header", "text\r\nReceived: x\r\n", 1, "", 0, 0 },
  { "no header, in one word", "text", 0, "", 0, 0 },
  { "a header that text ends", "Received: x\r\ntext\r\nReceived: x\r\n", 2, "", 13, 13 },
  { "text with a colon that is no name", "To: x\r\nsee this: text\r\n", 0, "", 7, 7 },
  { "a line of spaces goes on", "To: x\r\n \r\n\r\n", 0, "", 10, 12 },
  { "a first line that goes on with nothing", " To: x\r\n\r\n", 0, "", 0, 0 },
  { "an mbox line", "From joe Sat Nov 21\r\nTo: x\r\n\r\n", 0, "", 28, 30 },
  { "... a quoted one", ">From joe\r\nTo: x\r\n\r\n", 0, "", 18, 20 },
  { "... only as the first line", "To: x\r\nFrom joe\r\n\r\n", 0, "", 7, 7 },
  { "an empty line first", "\r\nTo: x\r\n", 0, "", 0, 2 },
  { "nothing", "", 0, "", 0, 0 },
};

static bool header_is(size_t i, size_t piece, bool ends_early)
{
  struct smtpd_header h = { .message_id = TEXT_ZERO };
  size_t length = strlen(headers[i].bytes);

  smtpd_header_begin(&h, 0, ends_early);
  for (size_t at = 0; at < length; at += piece)
    smtpd_header_feed(&h, headers[i].bytes + at, piece < length - at ? piece : length - at);
  smtpd_header_end(&h);
  bool good = ends_early ? h.length == headers[i].length && h.body == headers[i].body
                         : h.hops == headers[i].hops && !strcmp(h.message_id.s, headers[i].id);
  if (!good) printf("# hops %u, id %s, length %zu, body %zu\n", h.hops, h.message_id.s, h.length, h.body);
  smtpd_header_free(&h);
  return good;
}

static bool header_is_each(size_t i, bool ends_early)
{
  return header_is(i, 1, ends_early) && header_is(i, 7, ends_early) && header_is(i, 1000, ends_early);
}

static void check_headers(void)
{
  struct smtpd_header h = { .message_id = TEXT_ZERO };

  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    check(header_is_each(i, false), headers[i].what);
    check(header_is_each(i, true), "... and where it ends");
  }
  smtpd_header_begin(&h, 0, false);
  smtpd_header_feed(&h, "Message-ID: <", 13);
  for (int i = 0; i < 10000; i++) smtpd_header_feed(&h, "endless", 7);
  check(h.message_id.len == HEADER_ID_MAX, "an endless id is cut: check 11");
  smtpd_header_free(&h);
}

static const struct {
  const char *what;
  const char *received;
  unsigned int passed; /* by mx.example for bob@a.example */
} loops[] = {
  { "by us, for him", "from x by MX.Example with SMTP id y for <bob@A.example>; now", 1 },
  { "for somebody else", "from x by mx.example for <ann@a.example>; now", 0 },
  { "by another host", "from mx.example by other.example for <bob@a.example>; now", 0 },
  { "by nobody", "for <bob@a.example>", 0 },
  { "for nobody said", "from x by mx.example; for <bob@a.example>", 0 },
  { "in a comment", "from x (by mx.example for <bob@a.example>) by other.example; now", 0 },
  { "with comments and folds", "from x\r\n (hm) by\r\n mx.example (x) for\r\n <bob@a.example>; now", 1 },
};

static void check_loops(void)
{
  struct smtpd_header h = { .message_id = TEXT_ZERO };

  for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
    smtpd_header_begin(&h, "mx.example", false);
    smtpd_header_feed(&h, "Received: ", 10);
    smtpd_header_feed(&h, loops[i].received, strlen(loops[i].received));
    smtpd_header_feed(&h, "\r\n\r\n", 4);
    check(smtpd_header_passed(&h, "bob@a.example") == loops[i].passed, loops[i].what);
  }
  smtpd_header_begin(&h, "mx.example", false);
  for (int i = 0; i < 100000; i++) smtpd_header_feed(&h, "Delivered-To: bob@a.example \r\n", 30);
  smtpd_header_end(&h);
  check(smtpd_header_is_delivered(&h, "Bob@a.example") && !smtpd_header_is_delivered(&h, "ob@a.example"), "Delivered-To");
  check(h.deliveries == 100000 && h.delivered.len <= HOPS_MAX * 20, "100,000 of them are counted, not kept: check 11");
  smtpd_header_free(&h);
}

static void check_begins(void)
{
  static const struct { const char *bytes; bool begins; } starts[] = {
    { "To: x\r\n", true }, { "\r\ntext", true }, { "text\r\n", false }, { " To: x\r\n", false }, { "From x\r\nTo: y\r\n", true },
    { "text", false }, { "", false }, { ": x\r\n", false }, { "T\xc3\xb6: x\r\n", false },
  };

  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
    if (!check(smtpd_header_begins(starts[i].bytes, strlen(starts[i].bytes)) == starts[i].begins, "does a header begin here?"))
      printf("# case %zu\n", i);
}

/* TLS-Required (RFC 8689 5) */
static const struct {
  const char *bytes;
  bool is_optional;
} tls_headers[] = {
  { "TLS-Required: No\r\n\r\n", true },
  { "Subject: x\r\ntls-required:no\r\nX: y\r\n\r\n", true },
  { "TLS-Required: (it must arrive)\r\n NO (really)\r\n\r\n", true },
  { "TLS-Required: Yes\r\n\r\n", false },
  { "TLS-Required: Nobody\r\n\r\n", false },
  { "TLS-Required: No more\r\n\r\n", false },
  { "TLS-Required: No; x\r\n\r\n", false },
  { "TLS-Required:\r\n\r\n", false },
  { "TLS-Required: No\r\nTLS-Required: No\r\n\r\n", false },
  { "TLS-Required: No\r\nTLS-Required: Yes\r\n\r\n", false },
  { "X-TLS-Required: No\r\n\r\n", false },
  { "Subject: x\r\n\r\nTLS-Required: No\r\n", false },
};

static void check_tls(void)
{
  struct smtpd_header h = { .message_id = TEXT_ZERO };

  for (size_t i = 0; i < sizeof tls_headers / sizeof *tls_headers; i++) {
    smtpd_header_begin(&h, 0, false);
    for (const char *at = tls_headers[i].bytes; *at; at++) smtpd_header_feed(&h, at, 1);
    smtpd_header_end(&h);
    check(smtpd_header_is_tls_optional(&h) == tls_headers[i].is_optional, tls_headers[i].is_optional ? "TLS-Required: No" : "no such field, or not one that says No");
  }
  smtpd_header_free(&h);
}

int main(void)
{
  check_tls();
  check_data();
  check_long();
  check_headers();
  check_loops();
  check_begins();
  return check_done();
}
