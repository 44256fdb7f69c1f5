#include "lib/date.h"

static const char days[][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" }; /* 1970 began on a Thursday */
static const char months[][4] = { "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb" };

enum { DAY = 86400, DAYS_TO_1970 = 719468, /* from 1 March of the year 0 */
       DAYS_400 = 146097, DAYS_100 = 36524, DAYS_4 = 1461 };

struct day {
  uint64_t year;
  unsigned int month; /* 0 is March, so that the day that comes every four years is a year's last */
  unsigned int day;
};

/* The Gregorian calendar, counted here and not by gmtime, which would read the time zone's file first. */
static struct day day_of(uint64_t days_since_1970)
{
  uint64_t count = days_since_1970 + DAYS_TO_1970;
  uint64_t era = count / DAYS_400, of_era = count % DAYS_400;
  uint64_t year = (of_era - of_era / (DAYS_4 - 1) + of_era / DAYS_100 - of_era / (DAYS_400 - 1)) / 365;
  unsigned int of_year = (unsigned int)(of_era - (365 * year + year / 4 - year / 100));
  unsigned int month = (5 * of_year + 2) / 153;

  return (struct day){ .year = era * 400 + year + (month > 9), .month = month, .day = of_year - (153 * month + 2) / 5 + 1 };
}

void date_add(text *out, uint64_t seconds)
{
  struct day d = day_of(seconds / DAY);
  unsigned int left = (unsigned int)(seconds % DAY);

  text_add_format(out, "%s, %u %s %llu %02u:%02u:%02u +0000", days[seconds / DAY % 7], d.day, months[d.month],
                  (unsigned long long)d.year, left / 3600, left / 60 % 60, left % 60);
}

void date_add_internet(text *out, uint64_t seconds)
{
  struct day d = day_of(seconds / DAY);
  unsigned int left = (unsigned int)(seconds % DAY);

  text_add_format(out, "%04llu-%02u-%02uT%02u:%02u:%02uZ", (unsigned long long)d.year, (d.month + 2) % 12 + 1, d.day,
                  left / 3600, left / 60 % 60, left % 60);
}
