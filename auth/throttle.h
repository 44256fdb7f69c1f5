/* throttle: failed tries are counted, per client network and per name, and slow down the next ones. The counts lie in
   memory that the parent shares with its children; they halve every minute. Nobody is ever locked out: a delay has an
   end, so that a stranger who guesses cannot keep the owner of a name away for long. */

#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include <stdint.h>

struct throttle;

struct throttle *throttle_make(const unsigned char *key); /* in shared memory; the key (lib/mac) hides who is where */

/* kind: "network" or "name". now: seconds of a clock that does not go back. */
unsigned int throttle_delay_ms(struct throttle *t, const char *kind, const char *who, uint64_t now);
void throttle_failed(struct throttle *t, const char *kind, const char *who, uint64_t now);

#endif
