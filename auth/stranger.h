/* stranger: the keys for SCRAM of somebody who is not there, or has none. The first thing that a SCRAM server says is the salt
   of the name that was asked for; so a name that is nobody's must have one, too, the same whenever it is asked for, and of the
   kind that the others have. No I/O. */

#ifndef AUTH_STRANGER_H
#define AUTH_STRANGER_H

#include "lib/record.h"
#include "lib/scramkeys.h"

/* tables: the record scram:stranger of auth.cdb (doc/tables.md). False: it is none. login: as it is looked up. k->hash: by which. */
bool auth_stranger_keys(struct scramkeys *k, const text *tables, const char *login);

#endif
