/* limits: what sessions have used up of what they may, and facts that are remembered for a while (greylisting, asked
   recipients): one small store for all processes of a user, state/limits/USER/, kept over restarts, without a server.

   It is one file of pages, with a lock around each use, which costs some microseconds: nothing waits for the disk, nothing is
   opened or mapped that another process could make a trap of. A crash of a process loses nothing, a crash of the host may lose
   pages. What is broken is replaced by what is empty, and the log says so: whoever owns the folder can falsify what is counted,
   no more. Entries have an age; where a page is full old ones make room, then those that end soonest.

   A struct limits does not cross a fork: open it in the session. */

#ifndef LIB_LIMITS_H
#define LIB_LIMITS_H

#include "lib/text.h"

struct limits;

/* state/limits/USER; opened twice it is the same one. 0 with an event in the log: it cannot be used. A process uses one
   at a time. */
struct limits *limits_open(const char *user);
void limits_close(struct limits *l);

/* So much of something, in a window of time that slides: what was taken in the present minute (hour, day: aligned to the
   clock), and of the one before it the share that the window still covers. */
struct limits_claim {
  const char *key;      /* "login bob@example.test recipients" */
  uint64_t amount;
  uint64_t max;
  unsigned int seconds; /* the window */
};

enum limits_result {
  LIMITS_BROKEN = -1, /* an event is in the log */
  LIMITS_OVER,        /* which: the claim that is too much; retry_seconds: when it would fit */
  LIMITS_WITHIN
};

enum limits_result limits_look(struct limits *l, const struct limits_claim *claims, size_t count, size_t *which,
                               uint64_t *retry_seconds);
/* The same, and all of them are taken; or none. */
enum limits_result limits_take(struct limits *l, const struct limits_claim *claims, size_t count, size_t *which,
                               uint64_t *retry_seconds);
void limits_give(struct limits *l, const struct limits_claim *claims, size_t count); /* what was taken and not used */

/* A fact, for so many seconds. Kept anew, it is as old as it was unless it is forgotten first. */
bool limits_keep(struct limits *l, const char *key, const char *value, uint64_t seconds);
/* The same, for what is kept again and again: for so many seconds at least, a 64th more at most, so that most calls find that
   there is nothing to write. */
bool limits_renew(struct limits *l, const char *key, const char *value, uint64_t seconds);
bool limits_find(struct limits *l, const char *key, text *value, uint64_t *age_seconds);

/* What is called between these is one use of the store: under one lock, all of it kept or nothing. */
bool limits_hold(struct limits *l);
bool limits_release(struct limits *l); /* false: nothing of it is kept */

/* For the operator. */
struct limits_entry {
  const char *key;         /* ended by a NUL; a counter's ends with its window: "... recipients 3600" */
  bool is_counter;
  uint64_t used;           /* of a counter */
  const char *value;       /* of a fact, ended by a NUL */
  uint64_t age_seconds, left_seconds;
};
bool limits_each(struct limits *l, void (*see)(void *to, const struct limits_entry *entry), void *to);
bool limits_forget(struct limits *l, const char *key, uint64_t *count); /* the key, and all that begin with it and a space; "": all */

#endif
