/* guard: what stands between a new generation and its publication (check 57). A directory that shrinks is a fault of the directory until
   somebody says it is not, and control/expect holds whatever the directory says. Who is refused ends the program with END_NO,
   loudly; the published tables stay. */

#ifndef LDAPSYNC_GUARD_H
#define LDAPSYNC_GUARD_H

#include "ldapsync/accounts.h"
#include "ldapsync/leads.h"

/* Before anything is written: how many mailboxes (control/maxvanish) and addresses (control/maxvanishaddresses) would be gone.
   With is_forced that is only said. */
void guard_vanishing(const struct accounts *people, const struct leads *addresses, const struct uids *uids, bool is_forced);

/* control/expect, asked of the generation ID. False: a line is broken, and each that is has been named. */
bool guard_expect(const char *id);

/* The line in the log. */
void guard_refused(const char *reason);

#endif
