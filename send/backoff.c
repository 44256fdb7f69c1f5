#include "send/backoff.h"

#include <string.h>

#include "lib/hash.h"

static uint64_t nominal(const struct send_backoff *b, unsigned int attempts)
{
  uint64_t seconds = b->first_seconds;

  while (attempts-- > 1 && seconds < b->longest_seconds) seconds *= 2;
  return seconds < b->longest_seconds ? seconds : b->longest_seconds;
}

/* The sum of all intervals before attempt number `attempts`. */
static uint64_t waited(const struct send_backoff *b, unsigned int attempts)
{
  uint64_t sum = 0;

  for (unsigned int i = 1; i < attempts; i++) sum += nominal(b, i);
  return sum;
}

uint64_t send_backoff_interval(const struct send_backoff *b, unsigned int attempts, const char *id)
{
  uint64_t seconds = nominal(b, attempts), eighth = seconds / 8;

  return seconds - eighth + (hash_add(HASH_START + attempts, id, strlen(id)) >> 32) % (2 * eighth + 1);
}

/* More than by itself it ever comes to: what was tried oftener, by `sendmail -q` from cron, waits no longer for that. */
static uint64_t longest_for_age(const struct send_backoff *b, uint64_t age_seconds)
{
  return 2 * age_seconds + b->first_seconds + b->first_seconds / 8;
}

uint64_t send_backoff_next(const struct send_backoff *b, unsigned int attempts, const char *id, uint64_t birth_seconds,
                           uint64_t now_seconds)
{
  uint64_t interval = send_backoff_interval(b, attempts, id);
  uint64_t longest = now_seconds < birth_seconds ? interval : longest_for_age(b, now_seconds - birth_seconds);
  uint64_t next = now_seconds + (interval < longest ? interval : longest);
  uint64_t end = birth_seconds + b->lifetime_seconds, late = birth_seconds + b->warning_seconds;

  if (b->warning_seconds && now_seconds < late && late < next) next = late;
  return now_seconds < end && end < next ? end : next;
}

bool send_backoff_is_over(const struct send_backoff *b, unsigned int attempts, uint64_t birth_seconds,
                          uint64_t now_seconds)
{
  uint64_t sum = waited(b, attempts);

  if (attempts >= SEND_ATTEMPTS_MAX) return true;
  if (now_seconds < birth_seconds) return sum / 2 > b->lifetime_seconds;
  return now_seconds - birth_seconds >= b->lifetime_seconds && sum >= b->lifetime_seconds / 4 * 3;
}

bool send_backoff_is_late(const struct send_backoff *b, unsigned int attempts, uint64_t birth_seconds,
                          uint64_t now_seconds)
{
  bool is_old = now_seconds >= birth_seconds && now_seconds - birth_seconds >= b->warning_seconds;

  return b->warning_seconds && is_old && attempts > 1 && waited(b, attempts) >= b->warning_seconds / 4 * 3;
}
