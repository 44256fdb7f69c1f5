/* targets: what an operator writes as a destination: ADDRESS, LOGIN, group:NAME, public:NAME. */

#ifndef LDAPSYNC_TARGETS_H
#define LDAPSYNC_TARGETS_H

#include "ldapsync/groups.h"

struct targets {
  const struct build *build;
  const struct domains *domains;
  struct groups *groups;
  struct map publics; /* public mailboxes by name */
  struct names files; /* the addresses of control/addresses: they lead elsewhere than their names say */
};

enum target_result { TARGET_BAD, TARGET_ABSENT, TARGET_FOUND }; /* it cannot be a destination; there is no such; there is */

void targets_open(struct targets *t);

/* self: the address that leads there ("" if none), which may be a user's own. One field of *one is filled; its address is the
   program's for good. */
enum target_result targets_find(const struct targets *t, const char *value, const char *self, struct member *one);

#endif
