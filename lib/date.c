#include <time.h>

#include "lib/date.h"

static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void date_add(text *out, uint64_t seconds)
{
  time_t when = (time_t)seconds;
  struct tm t;

  if (!gmtime_r(&when, &t)) t = (struct tm){ .tm_mday = 1, .tm_year = 70, .tm_wday = 4 };
  text_add_format(out, "%s, %d %s %d %02d:%02d:%02d +0000", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
                  t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}
