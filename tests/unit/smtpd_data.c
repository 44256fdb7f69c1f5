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
  { "CRLF.CR is content", "a\r\n.\rb\r\n.\r\n", "a\r\nb\r\n", true, "" },
  { "CR.CRLF is content", "a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", true, "" },
  { "CRLF.CR CRLF is content", "a\r\n.\r\r\nb\r\n.\r\n", "a\r\n\r\nb\r\n", true, "" },
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
  if (cases[i].content) good = good && (cases[i].has_bare || text_is(&out, cases[i].content)) && !strcmp(bytes + used, cases[i].left);
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

/* "bare" cases are compared too, but for what a dot with a bare CR behind it loses: the message is refused. */
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
} headers[] = {
  { "one hop and an id", "Received: x\r\nMessage-ID: <a@b>\r\n\r\n", 1, "<a@b>" },
  { "names in any case", "RECEIVED: x\r\nreceived:y\r\nmessage-Id:<a@b>\r\n\r\n", 2, "<a@b>" },
  { "a folded id", "Message-ID:\r\n <a@b>\r\nReceived: x\r\n\r\n", 1, "<a@b>" },
  { "an id without brackets ends with its line", "Message-ID: ab c\r\nReceived: x\r\n\r\n", 1, "abc" },
  { "the first id counts", "Message-ID: <1@b>\r\nMessage-ID: <2@b>\r\n\r\n", 0, "<1@b>" },
  { "what is behind the id does not", "Message-ID: <1@b> (x)\r\n y\r\n\r\n", 0, "<1@b>" },
  { "the body is not looked at", "Subject: x\r\n\r\nReceived: x\r\nMessage-ID: <a@b>\r\n", 0, "" },
  { "a continued line is none", "Subject: x\r\n Received: x\r\n\r\n", 0, "" },
  { "other names", "X-Received: x\r\nReceived-SPF: y\r\nMessage-IDs: <a@b>\r\n\r\n", 0, "" },
  { "no body", "Received: x", 1, "" },
};

static bool header_is(size_t i, size_t piece)
{
  struct smtpd_header h = { .message_id = TEXT_ZERO };
  size_t length = strlen(headers[i].bytes);

  smtpd_header_begin(&h);
  for (size_t at = 0; at < length; at += piece)
    smtpd_header_feed(&h, headers[i].bytes + at, piece < length - at ? piece : length - at);
  bool good = h.hops == headers[i].hops && !strcmp(h.message_id.s, headers[i].id);
  if (!good) printf("# hops %u, id %s\n", h.hops, h.message_id.s);
  text_free(&h.message_id);
  return good;
}

static void check_headers(void)
{
  struct smtpd_header h = { .message_id = TEXT_ZERO };

  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
    check(header_is(i, 1) && header_is(i, 7) && header_is(i, 1000), headers[i].what);
  smtpd_header_begin(&h);
  smtpd_header_feed(&h, "Message-ID: <", 13);
  for (int i = 0; i < 10000; i++) smtpd_header_feed(&h, "endless", 7);
  check(h.message_id.len == HEADER_ID_MAX, "an endless id is cut: check 11");
  text_free(&h.message_id);
}

int main(void)
{
  check_data();
  check_long();
  check_headers();
  return check_done();
}
