#include <time.h>

#include "imap/date.h"
#include "lib/date.h"

/* count digits at s, not more than max. */
static bool scan_digits(const char *s, size_t count, unsigned int max, unsigned int *number)
{
  uint64_t value;
  if (!number_scan_bytes(s, count, max, &value)) return false;
  *number = (unsigned int)value;
  return true;
}

/* "-Feb-2024" at s. */
static bool scan_month_and_year(const char *s, unsigned int day, int32_t *days)
{
  unsigned int year;
  return s[0] == '-' && s[4] == '-' && scan_digits(s + 5, 4, 9999, &year) &&
         date_days(year, date_month(s + 1), day, days);
}

bool imap_date_parse(const char *bytes, size_t length, int32_t *day)
{
  size_t digits = length == 10 ? 1 : 2;
  unsigned int number;

  if (length != 10 && length != 11) return false;
  return scan_digits(bytes, digits, 31, &number) && scan_month_and_year(bytes + digits, number, day);
}

bool imap_date_time_parse(const char *bytes, size_t length, int64_t *seconds)
{
  unsigned int day, hour, minute, second, east;
  size_t space = length && bytes[0] == ' ';
  int32_t days;
  int64_t zone;

  if (length != 26) return false;
  if (!scan_digits(bytes + space, 2 - space, 31, &day) || !scan_month_and_year(bytes + 2, day, &days)) return false;
  if (bytes[11] != ' ' || bytes[14] != ':' || bytes[17] != ':' || bytes[20] != ' ') return false;
  if (!scan_digits(bytes + 12, 2, 23, &hour) || !scan_digits(bytes + 15, 2, 59, &minute)) return false;
  if (!scan_digits(bytes + 18, 2, 60, &second) || !scan_digits(bytes + 22, 4, 9959, &east)) return false;
  if (bytes[21] != '+' && bytes[21] != '-') return false;
  zone = east / 100 * 3600 + east % 100 * 60;
  *seconds = (int64_t)days * 86400 + hour * 3600 + minute * 60 + second - (bytes[21] == '-' ? -zone : zone);
  return true;
}

void imap_date_time_format(int64_t seconds, text *out)
{
  static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  time_t when = (time_t)seconds;
  struct tm t;

  if (!gmtime_r(&when, &t) || t.tm_year < -1899 || t.tm_year > 9999 - 1900)
    t = (struct tm){ .tm_mday = 1, .tm_year = 70 }; /* four digits cannot say it */
  text_add_format(out, "\"%2d-%s-%04d %02d:%02d:%02d +0000\"", t.tm_mday, months[t.tm_mon], t.tm_year + 1900,
                  t.tm_hour, t.tm_min, t.tm_sec);
}
