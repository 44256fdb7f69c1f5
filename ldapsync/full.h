/* full: one full pass: everything is read, worked out, written, checked and published (doc/tables-build.md, "How it publishes"). */

#ifndef LDAPSYNC_FULL_H
#define LDAPSYNC_FULL_H

#include "ldapsync/guard.h"
#include "ldapsync/sources.h"

struct full_how {
  bool is_forced;  /* more may vanish than control/maxvanish allows */
  bool is_dry;     /* what would change, in words; nothing is published */
  bool is_fetched; /* with what ldap-fetch --dry-run has found */
  struct guard_agreed agreed;
};

/* The user that the tables belong to, and who gets the tables with secrets. */
void full_become(struct generation *g);

/* Two at once would allot one uid twice. The lock goes with the descriptor. */
int full_lock(void);

/* With the lock held; s is filled. Dies if nothing can be published: the tables stay. False: rehearsed, and it would not be published. */
bool full_build(struct generation *g, struct sources *s, const struct full_how *how);

bool full_is_held(void); /* somebody went back, and has not released that yet; it is said */
void full_prune(void);
void full_check_sample(const struct generation *g, const struct accounts *accounts); /* dies if it does not hold what was written to it */

/* The name of a generation that is not published yet, below tables/. */
const char *full_name(const struct generation *g);

#endif
