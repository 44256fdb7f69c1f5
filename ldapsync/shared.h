/* shared: the public mailboxes that people may read by IMAP, by the owner lines of control/mailboxes/NAME (N-32, N-33). */

#ifndef LDAPSYNC_SHARED_H
#define LDAPSYNC_SHARED_H

#include "ldapsync/groups.h"
#include "ldapsync/table.h"
#include "lib/record.h"

/* The records shared:NAME and shared:* (doc/tables.md). Dies if a line cannot be understood. */
void shared_read(struct table *policy);

/* Owners who are nobody are reported. */
void shared_check(const struct table *policy, const struct build *b, struct groups *g);

/* Of one mailbox: "WHO RIGHTS" of each owner, as shared:NAME has it. False with a sentence in error; *key and *value: of which
   line of the file. No I/O. */
bool shared_parse(const char *name, const text *fields, text *record, const char **key, const char **value, text *error);

#endif
