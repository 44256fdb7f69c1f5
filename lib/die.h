/* die: how a program ends. Only die_* end a program; nothing else does. */

#ifndef LIB_DIE_H
#define LIB_DIE_H

#include <skalibs/strerr.h>

enum ending {
  END_DONE = 0,        /* the work is done; or: the answer is yes */
  END_NO = 1,          /* the answer is no */
  END_PERMANENT = 100, /* asking again will not help: bad use, bad input */
  END_TEMPORARY = 111  /* asking again may help: no memory, disk, peer, lock */
};

#define die_permanent(...) strerr_dief(END_PERMANENT, __VA_ARGS__)
#define die_temporary(...) strerr_dief(END_TEMPORARY, __VA_ARGS__)
#define die_unable(...) strerr_diefusys(END_TEMPORARY, __VA_ARGS__) /* "unable to VERB THING: reason" */

_Noreturn void die_usage(const char *usage);
_Noreturn void die_nomem(void);

#endif
