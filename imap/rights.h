/* rights: what the commands ask before they do anything: in one's own mailbox everything is allowed. */

#ifndef IMAP_RIGHTS_H
#define IMAP_RIGHTS_H

#include "imap/state.h"
#include "lib/rights.h"

/* Before each command: others may have changed what may be done with the folder that is selected. */
void imap_rights_look(struct imap_state *s);

unsigned int imap_rights_of(const struct imap_state *s, const text *name);

/* May all of that be done with the folder, or with the one that is selected? Else the reply is NO: NONEXISTENT to who may not see
   the folder, NOPERM (RFC 5530) to others. */
bool imap_may(struct imap_state *s, const text *name, unsigned int needed);
bool imap_may_here(struct imap_state *s, unsigned int needed);

/* May a folder of that name be made? By the rights of the nearest folder above it that there is. */
bool imap_may_create(struct imap_state *s, const text *name);

imap_marks imap_rights_marks(unsigned int rights); /* the flags that may be changed (RFC 4314 4) */

/* A folder was just made: it has the entries of the nearest one above it; in the root mailbox who made it has all rights. */
bool imap_rights_inherit(struct imap_state *s, const text *name);

#endif
