#include "lib/date.h"
#include "smtpd/hold.h"

enum { DAY_SECONDS = 86400 };

struct cursor {
  const char *at;
  size_t left;
};

/* So many digits and, if it is not 0, what stands behind them. */
static bool take_number(struct cursor *c, size_t digits, char behind, uint64_t max, unsigned int *number)
{
  uint64_t value;

  if (c->left < digits || !number_scan_bytes(c->at, digits, max, &value)) return false;
  *number = (unsigned int)value;
  c->at += digits;
  c->left -= digits;
  if (!behind) return true;
  if (!c->left || ascii_lower(*c->at) != behind) return false;
  c->at++;
  c->left--;
  return true;
}

static bool take_fraction(struct cursor *c)
{
  size_t digits = 0;

  if (!c->left || *c->at != '.') return true;
  while (digits + 1 < c->left && ascii_is_digit(c->at[digits + 1])) digits++;
  c->at += digits + 1;
  c->left -= digits + 1;
  return digits > 0;
}

static bool take_offset(struct cursor *c, int64_t *seconds)
{
  unsigned int hours, minutes;

  *seconds = 0;
  if (c->left == 1) return ascii_lower(*c->at) == 'z';
  if (!c->left || (*c->at != '+' && *c->at != '-')) return false;
  bool is_east = *c->at == '+';
  c->at++;
  c->left--;
  if (!take_number(c, 2, ':', 23, &hours) || !take_number(c, 2, 0, 59, &minutes)) return false;
  *seconds = (int64_t)(hours * 3600 + minutes * 60) * (is_east ? 1 : -1);
  return !c->left;
}

bool hold_date_parse(const char *bytes, size_t length, uint64_t *seconds)
{
  struct cursor c = { bytes, length };
  unsigned int year, month, day, hour, minute, second;
  int64_t offset;
  int32_t days;

  if (!take_number(&c, 4, '-', 9999, &year) || !take_number(&c, 2, '-', 12, &month) || !take_number(&c, 2, 't', 31, &day) ||
      !take_number(&c, 2, ':', 23, &hour) || !take_number(&c, 2, ':', 59, &minute) || !take_number(&c, 2, 0, 60, &second) ||
      !take_fraction(&c) || !take_offset(&c, &offset) || !year || !month || !date_days(year, month, day, &days))
    return false;
  int64_t all = (int64_t)days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
  *seconds = all > 0 ? (uint64_t)all : 0;
  return true;
}
