/* backoff: when a message is tried again, and when it has been tried long enough. Pure. */

#ifndef SEND_BACKOFF_H
#define SEND_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define SEND_ATTEMPTS_MAX 9999 /* what the envelope has room for */

struct send_backoff {
  uint64_t first_seconds;    /* between the first and the second attempt; then twice that, and so on, */
  uint64_t longest_seconds;  /* up to this */
  uint64_t lifetime_seconds; /* after so long a message is returned */
  uint64_t warning_seconds;  /* after so long its sender is told that it waits; 0: never */
};

/* How long after attempt number `attempts` (1 is the first) the next is: up to an eighth more or less, by the id, so that
   what came together does not stay together. */
uint64_t send_backoff_interval(const struct send_backoff *b, unsigned int attempts, const char *id);

/* When the next attempt is. The last one comes when the lifetime ends, not after; so does one when the warning is due. Attempts that
   somebody asked for before their time put it off no further than its age would. */
uint64_t send_backoff_next(const struct send_backoff *b, unsigned int attempts, const char *id, uint64_t birth_seconds,
                           uint64_t now_seconds);

/* Is it to be returned now, after so many attempts? Two clocks must agree that it is old enough, because one of them can
   be set wrong: the calendar since its birth, and the intervals that the attempts stand for (which were waited for by
   the monotonic clock). Attempts alone prove nothing: somebody may have asked for them. Only where the birth is in the future,
   which would mean for ever, are twice the lifetime in attempts enough. */
bool send_backoff_is_over(const struct send_backoff *b, unsigned int attempts, uint64_t birth_seconds,
                          uint64_t now_seconds);

/* Has it waited so long that its sender is to be warned? The same two clocks must agree, and one attempt proves nothing. */
bool send_backoff_is_late(const struct send_backoff *b, unsigned int attempts, uint64_t birth_seconds,
                          uint64_t now_seconds);

#endif
