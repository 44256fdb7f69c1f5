/* The small modules of IMAP: sequence sets, mailbox names, strings in responses, dates. */

#include <string.h>

#include "imap/date.h"
#include "imap/name.h"
#include "imap/quote.h"
#include "imap/sequence.h"
#include "imap/utf7.h"
#include "tests/check.h"

static const struct { const char *what, *set; uint32_t highest; const char *resolved; } sets[] = {
  { "one number", "7", 9, "7" },
  { "a range", "2:5", 9, "2:5" },
  { "a range turned round", "5:2", 9, "2:5" },
  { "* is the highest", "*", 9, "9" },
  { "a range to *", "7:*", 9, "7:9" },
  { "a range to * that begins above it holds the highest", "12:*", 9, "9:12" },
  { "ranges are sorted and merged", "9,1:3,4,6:7,2", 9, "1:4,6:7,9" },
  { "overlapping ranges are one", "1:5,3:9,4", 9, "1:9" },
  { "the highest number does not wrap", "1:4294967295,4294967295", 9, "1:4294967295" },
  { "* of an empty mailbox is 0", "*", 0, "*" },
};

static const struct { const char *what, *utf7, *utf8; } names[] = {
  { "ASCII stands for itself", "Sent Items", "Sent Items" },
  { "& is &-", "R&-D", "R&D" },
  { "umlauts", "Entw&APw-rfe", "Entw\xc3\xbcrfe" },
  { "RFC 3501's example", "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e" },
  { "a surrogate pair", "&2D3cqQ-", "\xf0\x9f\x92\xa9" },
  { "a character beside &", "&AOQ-&-", "\xc3\xa4&" },
};

static const struct { const char *what, *utf7; } broken[] = {
  { "8-bit is not UTF-7", "\xc3\xbc" },
  { "an open shift", "&APw" },
  { "an ASCII letter in a shift has another spelling", "&AGE-" },
  { "two shifts in a row have another spelling", "&APw-&APw-" },
  { "bits left over", "&APx-" },
  { "a digit too much", "&APwA-" },
  { "half a surrogate pair", "&2D0-" },
  { "the second half alone", "&3Kk-" },
  { "a / in a shift", "&A/w-" },
  { "a control character", "a\tb" },
  { "a NUL in a shift", "&AAA-" },
};

static const struct { const char *what, *pattern, *name; bool matches; } patterns[] = {
  { "itself", "a.b", "a.b", true },
  { "case matters", "A", "a", false },
  { "* is anything", "*", "a.b.c", true },
  { "* is nothing too", "a*", "a", true },
  { "% is one level", "%", "a", true },
  { "% is not two", "%", "a.b", false },
  { "% at the second level", "a.%", "a.b", true },
  { "% ends at a separator", "a.%", "a.b.c", false },
  { "% in a level", "a%c.d", "abbc.d", true },
  { "* before a text", "*c", "a.bcc", true },
  { "* and %", "*.b%", "a.b.bc", true },
  { "% and *", "%.*", "a.b.c", true },
  { "several *", "*a*b*a", "xxaxbxba", true },
  { "several * in vain", "*a*b*a", "xxaxbxb", false },
  { "INBOX in another case", "inbox", "INBOX", true },
  { "INBOX with a wildcard", "iN%", "INBOX", true },
  { "below INBOX", "inbox.a", "INBOX.a", true },
  { "below INBOX case matters", "inbox.A", "INBOX.a", false },
  { "what only begins like INBOX", "inboxes", "INBOXES", false },
  { "the empty pattern", "", "a", false },
};

static const struct { const char *what, *string, *quoted; } strings[] = {
  { "plain", "abc", "\"abc\"" },
  { "quotes and backslashes are escaped", "a\"b\\c", "\"a\\\"b\\\\c\"" },
  { "8-bit is a literal", "\xc3\xbc", "{2}\r\n\xc3\xbc" },
  { "a line end is a literal", "a\r\nb", "{4}\r\na\r\nb" },
  { "empty", "", "\"\"" },
  { "a tab may be quoted", "a\tb", "\"a\tb\"" },
};

static const struct { const char *what, *string, *astring; } astrings[] = {
  { "an atom", "a.b/[x]&-", "a.b/[x]&-" },
  { "a space", "a b", "\"a b\"" },
  { "empty", "", "\"\"" },
  { "NIL is quoted", "nil", "\"nil\"" },
};

static const struct { const char *what, *date; bool good; int64_t seconds; } dates[] = {
  { "a date-time", "17-Jul-1996 02:44:25 -0700", true, 837596665 },
  { "a day with a space", " 1-Jan-1970 00:00:00 +0000", true, 0 },
  { "before 1970", "31-Dec-1969 23:59:59 +0000", true, -1 },
  { "a leap day", "29-Feb-2000 00:00:00 +0000", true, 951782400 },
  { "no leap day", "29-Feb-1900 00:00:00 +0000", false, 0 },
  { "the month in another case", "01-jAN-1970 00:00:01 +0000", true, 1 },
  { "the year 9999", "31-Dec-9999 23:59:59 +0000", true, 253402300799 },
  { "no such hour", "01-Jan-1970 24:00:00 +0000", false, 0 },
  { "no zone", "01-Jan-1970 00:00:00", false, 0 },
  { "a day of one digit", "1-Jan-1970 00:00:00 +0000", false, 0 },
  { "no such month", "01-Foo-1970 00:00:00 +0000", false, 0 },
};

static const struct { const char *what, *date; bool good; int32_t day; } days[] = {
  { "a date", "1-Feb-2024", true, 19754 },
  { "with two digits", "01-Feb-2024", true, 19754 },
  { "no day 0", "0-Feb-2024", false, 0 },
  { "no year of two digits", "1-Feb-24", false, 0 },
  { "something behind", "1-Feb-20244", false, 0 },
};

static void check_sets(text *out)
{
  static const char some[] = "2:4,8";
  struct imap_sequence s = IMAP_SEQUENCE_ZERO;

  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    const char *end = sets[i].set + strlen(sets[i].set);
    text_clear(out);
    if (check(imap_sequence_parse(&s, sets[i].set, end) == end, sets[i].what)) {
      imap_sequence_resolve(&s, sets[i].highest);
      imap_sequence_format(&s, out);
    }
    check_is(text_string(out), sets[i].resolved, sets[i].what);
  }
  imap_sequence_parse(&s, some, some + strlen(some));
  check(!imap_sequence_has(&s, 1) && imap_sequence_has(&s, 2) && imap_sequence_has(&s, 4) && !imap_sequence_has(&s, 5) &&
          imap_sequence_has(&s, 8) && !imap_sequence_has(&s, 9) && imap_sequence_highest(&s) == 8, "what a set has");
  s.count = 0;
  for (uint32_t n = 1; n <= 10; n += n == 4 ? 3 : 1) imap_sequence_add(&s, n);
  imap_sequence_add(&s, 2);
  text_clear(out);
  imap_sequence_format(&s, out);
  check_is(text_string(out), "1:4,7:10,2", "numbers that are added join what they follow");
  imap_sequence_free(&s);
}

static void check_names(text *out)
{
  static const char long_name[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  text name = TEXT_ZERO;

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    text_clear(out);
    check(imap_utf7_decode(names[i].utf7, strlen(names[i].utf7), out), names[i].what);
    check_is(text_string(out), names[i].utf8, names[i].what);
    text_clear(out);
    check(imap_utf7_encode(names[i].utf8, strlen(names[i].utf8), out), names[i].what);
    check_is(text_string(out), names[i].utf7, names[i].what);
  }
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    text_copy(out, "x");
    check(!imap_utf7_decode(broken[i].utf7, strlen(broken[i].utf7), out) && text_is(out, "x"), broken[i].what);
  }
  check(!imap_utf7_encode("\xc0\x80", 2, out) && !imap_utf7_encode("\xed\xa0\x80", 3, out), "what is no UTF-8 has no name");
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
    check(imap_name_matches(patterns[i].pattern, patterns[i].name, '.') == patterns[i].matches, patterns[i].what);
  for (int i = 0; i < 20000; i++) text_add(&name, "*a%");
  check(!imap_name_matches(text_string(&name), long_name, '.'), "60,000 bytes of wildcards end soon");
  text_free(&name);
}

static void check_strings(text *out)
{
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    text_clear(out);
    imap_quote_add(out, strings[i].string, strlen(strings[i].string));
    check_is(text_string(out), strings[i].quoted, strings[i].what);
  }
  for (size_t i = 0; i < sizeof astrings / sizeof *astrings; i++) {
    text_clear(out);
    imap_quote_add_astring(out, astrings[i].string);
    check_is(text_string(out), astrings[i].astring, astrings[i].what);
  }
  text_clear(out);
  imap_quote_add(out, "a\0b", 3);
  check_is(text_string(out), "{3}\r\na\x80" "b", "a NUL is sent as 0x80");
  text_clear(out);
  imap_quote_add_bytes(out, (struct bytes)BYTES_ZERO);
  check_is(text_string(out), "NIL", "nothing is NIL");
}

static void check_dates(text *out)
{
  int64_t seconds;
  int32_t day;

  for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
    bool good = imap_date_time_parse(dates[i].date, strlen(dates[i].date), &seconds);
    check(good == dates[i].good && (!good || seconds == dates[i].seconds), dates[i].what);
  }
  for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
    bool good = imap_date_parse(days[i].date, strlen(days[i].date), &day);
    check(good == days[i].good && (!good || day == days[i].day), days[i].what);
  }
  text_clear(out);
  imap_date_time_format(837596665, out);
  check_is(text_string(out), "\"17-Jul-1996 09:44:25 +0000\"", "INTERNALDATE is shown in UTC");
  text_clear(out);
  imap_date_time_format(0, out);
  check_is(text_string(out), "\" 1-Jan-1970 00:00:00 +0000\"", "its day has a space in front");
}

int main(void)
{
  text out = TEXT_ZERO;

  check_sets(&out);
  check_names(&out);
  check_strings(&out);
  check_dates(&out);
  text_free(&out);
  return check_done();
}
