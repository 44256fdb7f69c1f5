#include <string.h>

#include "ldapsync/condition.h"
#include "lib/date.h"
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

static int64_t since(const char *form, int64_t time)
{
  if (!strcmp(form, "days")) return time >= 0 && time <= INT64_MAX / DAY_SECONDS ? time * DAY_SECONDS : CONDITION_NEVER; /* shadowExpire: -1 is never */
  return time > 0 && time != INT64_MAX ? time / FILETIME_SECOND - FILETIME_1970 : CONDITION_NEVER;
}

/* "20260131235959Z", "202601312359Z", "20260131235959.5Z". What is written otherwise is no date, and so not past. */
static bool scan_date(const char *value, size_t length, int64_t *seconds)
{
  uint64_t year, month, day, hour, minute, second = 0;
  size_t digits = 0;
  int32_t days;

  while (digits < length && ascii_is_digit(value[digits])) digits++;
  if (!length || value[length - 1] != 'Z' || (digits != 12 && digits != 14) || (digits + 1 != length && value[digits] != '.' && value[digits] != ',')) return false;
  bool good = number_scan_bytes(value, 4, 9999, &year) && number_scan_bytes(value + 4, 2, 12, &month) && number_scan_bytes(value + 6, 2, 31, &day) &&
              number_scan_bytes(value + 8, 2, 23, &hour) && number_scan_bytes(value + 10, 2, 59, &minute) &&
              (digits == 12 || number_scan_bytes(value + 12, 2, 60, &second)) && date_days((unsigned int)year, (unsigned int)month, (unsigned int)day, &days);
  if (good) *seconds = (int64_t)days * DAY_SECONDS + (int64_t)(hour * 3600 + minute * 60 + second);
  return good;
}

bool condition_check(char form, const char *operand)
{
  int64_t bits;

  if (form == '&') return scan(operand, strlen(operand), &bits) && bits > 0;
  if (form == '<') return !strcmp(operand, "filetime") || !strcmp(operand, "days") || !strcmp(operand, "date");
  return (form == '=' || form == '!') && *operand;
}

int64_t condition_since(const char *operand, const char *value, size_t length)
{
  int64_t number;

  if (!strcmp(operand, "date")) return scan_date(value, length, &number) ? number : CONDITION_NEVER;
  return scan(value, length, &number) ? since(operand, number) : CONDITION_NEVER;
}

void condition_note(const char *operand, const char *value, size_t length, int64_t *next)
{
  int64_t when = condition_since(operand, value, length);
  if (when != CONDITION_NEVER && (!*next || when < *next)) *next = when;
}

bool condition_holds(char form, const char *operand, const char *value, size_t length, int64_t now)
{
  int64_t number, bits;

  if (form == '=') return !strcmp(operand, "*") || (length == strlen(operand) && bytes_are_nocase(value, operand, length));
  if (form == '<') return condition_since(operand, value, length) <= now;
  if (!scan(value, length, &number)) return false;
  return scan(operand, strlen(operand), &bits) && (number & bits) == bits;
}
