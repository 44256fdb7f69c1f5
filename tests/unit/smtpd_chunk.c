/* smtpd/chunk and smtpd/hold: what follows BDAT is content as it stands, but for a CR or LF alone (checks 1, 2), in whatever
   pieces; points of time as RFC 4865 writes them, read and written. */

#include "lib/date.h"
#include "smtpd/chunk.h"
#include "smtpd/hold.h"
#include "tests/check.h"

const char *PROG = "smtpd_chunk";

static const struct {
  const char *what, *bytes, *content;
  bool has_bare;
} cases[] = {
  { "nothing", "", "", false },
  { "a line", "a\r\n", "a\r\n", false },
  { "a last line without its end gets it", "a\r\nb", "a\r\nb\r\n", false },
  { "dots are content", ".\r\n..\r\n.\r\nx\r\n", ".\r\n..\r\n.\r\nx\r\n", false },
  { "empty lines", "\r\n\r\n", "\r\n\r\n", false },
  { "eight bits", "\xc3\xa4\xff\r\n", "\xc3\xa4\xff\r\n", false },
  { "a bare LF", "a\nb\r\n", "a\nb\r\n", true },
  { "a bare LF first", "\na\r\n", "\na\r\n", true },
  { "a bare LF last ends its line", "a\n", "a\n", true },
  { "a bare CR", "a\rb\r\n", "a\rb\r\n", true },
  { "a CR last", "a\r", "a\r\n", true },
  { "CR CR LF", "a\r\r\n", "a\r\r\n", true },
  { "LF CR LF", "a\n\r\n", "a\n\r\n", true },
};

/* Fed in pieces of this size. */
static bool reads_as_expected(size_t i, size_t piece)
{
  size_t length = strlen(cases[i].bytes);
  struct smtpd_data d = { .state = DATA_LINE_START };
  text out = TEXT_ZERO;

  text_string(&out);
  for (size_t at = 0; at < length; at += piece) smtpd_chunk_feed(&d, cases[i].bytes + at, length - at < piece ? length - at : piece, &out);
  smtpd_chunk_end(&d, &out);
  bool good = d.state == DATA_ENDED && d.has_bare == cases[i].has_bare && !strcmp(text_string(&out), cases[i].content);
  text_free(&out);
  return good;
}

static const struct {
  const char *date;
  uint64_t seconds; /* 0: none */
} dates[] = {
  { "2026-11-21T10:49:15Z", 1795258155 },
  { "2026-11-21t10:49:15z", 1795258155 },
  { "2026-11-21T12:19:15.123456+01:30", 1795258155 },
  { "2026-11-20T22:49:15-12:00", 1795258155 },
  { "2024-02-29T00:00:00Z", 1709164800 },
  { "2023-02-29T00:00:00Z", 0 },
  { "2026-00-21T10:49:15Z", 0 },
  { "2026-11-00T10:49:15Z", 0 },
  { "2026-11-21T10:49Z", 0 },
  { "2026-11-21 10:49:15Z", 0 },
  { "2026-11-21T10:49:15.Z", 0 },
  { "2026-11-21T10:49:15", 0 },
  { "2026-11-21T10:49:15Zx", 0 },
  { "2026-11-21T10:49:15+0130", 0 },
  { "2026-11-21T10:49:15+01:60", 0 },
  { "", 0 },
};

int main(void)
{
  text out = TEXT_ZERO;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool good = true;
    for (size_t piece = 1; piece <= strlen(cases[i].bytes) + 1; piece++) good = good && reads_as_expected(i, piece);
    check(good, cases[i].what);
  }
  for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
    uint64_t seconds = 0;
    bool is = hold_date_parse(dates[i].date, strlen(dates[i].date), &seconds);
    check(is == (dates[i].seconds > 0) && (!is || seconds == dates[i].seconds), dates[i].date);
  }
  date_add_internet(&out, 1795258155);
  check_is(text_string(&out), "2026-11-21T10:49:15Z", "and written (RFC 3339)");
  text_clear(&out);
  date_add_internet(&out, 1709164800);
  check_is(text_string(&out), "2024-02-29T00:00:00Z", "also in February");
  text_free(&out);
  return check_done();
}
