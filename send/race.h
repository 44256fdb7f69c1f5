/* race: a connection to one of several addresses. They are begun in their order, each a moment behind the one before it, or
   at once when nothing else is under way; the first that is there is taken, the others are let go (RFC 8305 5). */

#ifndef SEND_RACE_H
#define SEND_RACE_H

#include "lib/text.h"

enum {
  RACE_MAX = 10,
  RACE_DELAY_MS = 1000 /* half of the most that RFC 8305 8 allows: who is far away is not called twice */
};

struct runner {
  const char *address;
  const char *source;  /* an address of this host to come from, of the same family, or "" */
  const char *trouble; /* why it is over; 0: it won */
  bool is_over;        /* it failed, or won once: it is not begun again */
  bool is_late;        /* it failed because the time was over */
  bool has_no_way;     /* it failed before anything was sent: no route, no such source address */
  int fd;              /* -1: nothing is under way */
  int64_t until_ms;
};

struct race {
  struct runner runners[RACE_MAX];
  unsigned int count;
  unsigned int port;
};
#define RACE_ZERO { .count = 0 }

void send_race_add(struct race *r, const char *address, const char *source); /* both stay the caller's */

/* The connected socket of *winner, non-blocking; each has so many seconds. -1: nobody is left to be tried. Those that lost
   but may still be there are begun again by the next call. */
int send_race_run(struct race *r, unsigned int seconds, struct runner **winner);

#endif
