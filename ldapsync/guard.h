/* guard: what stands between a new generation and its publication (check 57). A directory that shrinks is a fault of the directory until
   somebody says it is not, and control/expect holds whatever the directory says. */

#ifndef LDAPSYNC_GUARD_H
#define LDAPSYNC_GUARD_H

#include "ldapsync/accounts.h"
#include "ldapsync/leads.h"

/* How many mailboxes (control/maxvanish) and addresses (control/maxvanishaddresses) of the current tables would be gone? False, with
   a warning: more than may. agreed: so many may go besides, because somebody has said so. */
struct guard_agreed {
  uint64_t mailboxes, addresses;
};
struct guard_count {
  size_t mailboxes, addresses;
};
bool guard_may_vanish(const struct guard_count *before, const struct guard_count *gone); /* without a word, and without anything agreed */
bool guard_vanishing(const struct accounts *people, const struct leads *addresses, const struct uids *uids, const struct guard_agreed *agreed);

/* control/expect, asked of the generation ID. False: a line is broken, and each that is has been named. */
bool guard_expect(const char *id);

/* The line in the log: nothing is published, and why. */
void guard_refused(const char *reason);

#endif
