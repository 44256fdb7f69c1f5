#include <string.h>
#include <time.h>

#include <skalibs/random.h>

#include "lib/id.h"

enum { TIME_DIGITS = 11, RANDOM_DIGITS = 5, BASE_BITS = 5, ID_LENGTH = TIME_DIGITS + RANDOM_DIGITS };

static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

static void add_digits(text *id, uint64_t number, unsigned int count)
{
  while (count--) text_add_char(id, digits[number >> (count * BASE_BITS) & 31]);
}

void id_make(text *id)
{
  struct timespec now;
  uint32_t random;

  clock_gettime(CLOCK_REALTIME, &now);
  random_buf((char *)&random, sizeof random);
  text_clear(id);
  add_digits(id, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, TIME_DIGITS);
  add_digits(id, random, RANDOM_DIGITS);
  text_string(id);
}

/* Behind the first part "b" and digits, any number of times: a report, and a report about a report. */
static bool is_report_tail(const char *tail)
{
  while (*tail == 'b') {
    size_t count = strspn(tail + 1, "0123456789");
    if (!count) return false;
    tail += 1 + count;
  }
  return !*tail;
}

bool id_check(const char *id)
{
  size_t length = strlen(id);

  if (length > ID_MAX || length < ID_LENGTH || strspn(id, digits) < ID_LENGTH) return false;
  return is_report_tail(id + ID_LENGTH);
}

bool id_is_report(const char *id) { return strlen(id) > ID_LENGTH; }
