/* throttle: how long a login waits before its password is looked at, or that it is not looked at (lib/guess counts). Who says the
   same wrong password again, as a telephone that was not told the new one, has guessed nothing more: it is not counted again. The
   passwords that were wrong a short while ago lie, as HMACs, in memory that the parent shares with its children. */

#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include "lib/guess.h"

struct throttle;

struct throttle_try {
  const char *who;      /* guess_who_...; throttle_unknown */
  const char *ip;       /* of the client */
  bool is_shared;
  const char *password; /* 0: it was not said */
};

struct throttle *throttle_make(void); /* the parent, once */
void throttle_unknown(const struct throttle *t, text *who, const char *login); /* a name that is nobody's */

/* How it stands now; nothing is counted. */
void throttle_look(const struct throttle_try *try, struct guess_state *state);
void throttle_failed(struct throttle *t, const struct throttle_try *try, uint64_t now); /* now: seconds of a clock that does not go back */
void throttle_right(const struct throttle_try *try);

#endif
