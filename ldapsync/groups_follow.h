/* groups_follow: groups that are in memory, when some people or some groups' members have changed: only whom that concerns is looked at again. */

#ifndef LDAPSYNC_GROUPS_FOLLOW_H
#define LDAPSYNC_GROUPS_FOLLOW_H

#include "ldapsync/groups.h"

struct groups_person {
  const text *was, *is;       /* the facts of the entry; 0: it was not there, or is gone */
  struct account *old, *now;
};

struct groups_news {
  const struct groups_person *people;
  size_t count;
  struct account *const *groups; /* facts that are other ones now, in the same place */
  size_t group_count;
};

/* Members again, and who is_affected: by its own members or by those of groups in it. False: all groups must be made again. */
bool groups_follow(struct groups *g, const struct groups_news *news, const struct build *b, const struct targets *t);

#endif
