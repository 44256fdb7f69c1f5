#include <string.h>

#include "lib/date.h"
#include "lib/header.h"

static const unsigned char days_in_month[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

static bool is_leap(unsigned int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

unsigned int date_month(const char *name)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

  for (unsigned int i = 0; i < 12; i++)
    if (bytes_are_nocase(name, months + 3 * i, 3)) return i + 1;
  return 0;
}

bool date_days(unsigned int year, unsigned int month, unsigned int day, int32_t *days)
{
  unsigned int last, before = year - 1, of_year = day - 1;

  if (!year || year > 9999 || !month || month > 12 || !day) return false;
  last = days_in_month[month - 1] + (month == 2 && is_leap(year));
  if (day > last) return false;
  for (unsigned int i = 1; i < month; i++) of_year += days_in_month[i - 1] + (i == 2 && is_leap(year));
  /* 719162: the days from 1 January of the year 1 to 1970 */
  *days = (int32_t)(before * 365 + before / 4 - before / 100 + before / 400 + of_year) - 719162;
  return true;
}

struct parsed {
  unsigned int day, month, year, seconds;
  int minutes_east;
  bool has_day, has_year, has_time, has_zone;
};

struct run {
  const char *s;
  size_t length;
};

static struct run run_of(bool (*belongs)(char), const char *s, size_t length)
{
  struct run run = { s, 0 };
  while (run.length < length && belongs(s[run.length])) run.length++;
  return run;
}

/* The zones of RFC 5322 4.3; all others are +0000, as it says. */
static int zone_of(struct run word)
{
  static const struct { const char name[4]; int hours; } zones[] = {
    { "EDT", -4 }, { "EST", -5 }, { "CDT", -5 }, { "CST", -6 }, { "MDT", -6 }, { "MST", -7 }, { "PDT", -7 },
    { "PST", -8 }, { "CET", 1 }, { "MET", 1 }, { "BST", 1 },
  };

  for (size_t i = 0; word.length == 3 && i < sizeof zones / sizeof *zones; i++)
    if (bytes_are_nocase(word.s, zones[i].name, 3)) return zones[i].hours * 60;
  return word.length == 4 && bytes_are_nocase(word.s, "CEST", 4) ? 120 : 0;
}

static void take_word(struct parsed *p, struct run word)
{
  unsigned int month = word.length >= 3 ? date_month(word.s) : 0;

  if (month && !p->month) p->month = month;
  else if (p->has_time && !p->has_zone) {
    p->minutes_east = zone_of(word);
    p->has_zone = true;
  }
}

/* obs-year: two digits are of 1950 to 2049, three are counted from 1900. */
static unsigned int year_of(struct run digits, unsigned int number)
{
  if (digits.length <= 2) return number < 50 ? number + 2000 : number + 1900;
  return digits.length == 3 ? number + 1900 : number;
}

/* "10:49" or "10:49:15"; the place behind it. */
static size_t take_time(struct parsed *p, const char *s, size_t length)
{
  static const unsigned int unit[] = { 3600, 60, 1 }, most[] = { 23, 59, 60 };
  size_t at = 0;

  for (unsigned int i = 0; i < 3; i++) {
    struct run digits = run_of(ascii_is_digit, s + at, length - at);
    uint64_t number;
    if (!number_scan_bytes(digits.s, digits.length, most[i], &number)) break;
    p->seconds += (unsigned int)number * unit[i];
    at += digits.length;
    if (i == 2 || at == length || s[at] != ':') break;
    at++;
  }
  p->has_time = true;
  return at;
}

static size_t take_number(struct parsed *p, const char *s, size_t length)
{
  struct run digits = run_of(ascii_is_digit, s, length);
  uint64_t number = 0;

  if (digits.length < length && s[digits.length] == ':' && !p->has_time) {
    size_t taken = take_time(p, s, length);
    return taken ? taken : digits.length;
  }
  if (!number_scan_bytes(digits.s, digits.length, 9999, &number)) return digits.length;
  if (digits.length <= 2 && !p->has_day) {
    p->day = (unsigned int)number;
    p->has_day = true;
  } else if (!p->has_year) {
    p->year = year_of(digits, (unsigned int)number);
    p->has_year = true;
  }
  return digits.length;
}

static size_t take_sign(struct parsed *p, const char *s, size_t length)
{
  struct run digits = run_of(ascii_is_digit, s + 1, length - 1);
  uint64_t number;

  if (!p->has_time || p->has_zone || digits.length != 4 || !number_scan_bytes(digits.s, 4, 9999, &number)) return 1;
  p->minutes_east = (int)(number / 100 * 60 + number % 100);
  if (*s == '-') p->minutes_east = -p->minutes_east;
  p->has_zone = true;
  return 5;
}

bool date_parse(const char *value, size_t length, int64_t *seconds, int *minutes_east)
{
  struct parsed p = { 0 };
  int32_t days;

  for (size_t at = 0; (at = header_skip_space(value, length, at)) < length;) {
    const char *s = value + at;
    size_t left = length - at;
    if (ascii_is_alpha(*s)) {
      struct run word = run_of(ascii_is_alpha, s, left);
      take_word(&p, word);
      at += word.length;
    } else if (ascii_is_digit(*s))
      at += take_number(&p, s, left);
    else
      at += *s == '+' || *s == '-' ? take_sign(&p, s, left) : 1;
  }
  if (!p.has_day || !p.has_year || !date_days(p.year, p.month, p.day, &days)) return false;
  *seconds = (int64_t)days * 86400 + p.seconds - p.minutes_east * 60;
  *minutes_east = p.minutes_east;
  return true;
}
