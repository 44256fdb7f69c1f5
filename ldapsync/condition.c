#include <string.h>

#include "ldapsync/condition.h"
#include "lib/text.h"

#define FILETIME_SECOND 10000000  /* hundreds of nanoseconds */
#define FILETIME_1970 11644473600 /* seconds since 1601 */

enum { DAY_SECONDS = 86400 };

/* A whole number in decimal, which may be negative (groupType is), within 64 bits. */
static bool scan(const char *bytes, size_t length, int64_t *number)
{
  bool is_negative = length && *bytes == '-';
  uint64_t found = 0;

  if (is_negative) bytes++, length--;
  if (!length) return false;
  for (size_t i = 0; i < length; i++) {
    if (!ascii_is_digit(bytes[i])) return false;
    unsigned int digit = (unsigned int)(bytes[i] - '0');
    if (found > ((uint64_t)INT64_MAX - digit) / 10) return false;
    found = found * 10 + digit;
  }
  *number = is_negative ? -(int64_t)found : (int64_t)found;
  return true;
}

static bool is_past(const char *form, int64_t time, int64_t now)
{
  if (!strcmp(form, "days")) return time >= 0 && time <= now / DAY_SECONDS; /* shadowExpire: -1 is never */
  return time > 0 && time != INT64_MAX && time / FILETIME_SECOND - FILETIME_1970 <= now;
}

bool condition_check(char form, const char *operand)
{
  int64_t bits;

  if (form == '&') return scan(operand, strlen(operand), &bits) && bits > 0;
  if (form == '<') return !strcmp(operand, "filetime") || !strcmp(operand, "days");
  return form == '=' && *operand;
}

bool condition_holds(char form, const char *operand, const char *value, size_t length, int64_t now)
{
  int64_t number, bits;

  if (form == '=') return !strcmp(operand, "*") || (length == strlen(operand) && bytes_are_nocase(value, operand, length));
  if (!scan(value, length, &number)) return false;
  if (form == '<') return is_past(operand, number, now);
  return scan(operand, strlen(operand), &bits) && (number & bits) == bits;
}
