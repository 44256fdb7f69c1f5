/* place: where a mailbox is and whose it is, from its record in policy.cdb. No I/O. */

#ifndef DELIVER_PLACE_H
#define DELIVER_PLACE_H

#include <sys/types.h>

#include "lib/record.h"

struct place {
  text domain; /* mail/DOMAIN/USER; both are one component of a path: no slash, no leading dot */
  text user;
  uid_t uid; /* and its gid */
};
#define PLACE_ZERO { TEXT_ZERO, TEXT_ZERO, 0 }

void place_free(struct place *place);

/* False with a sentence if the record names a uid below minimum_uid (0 is refused always), or a path other than
   "domain/user" of letters, digits and "._+=@-" (and bytes of UTF-8). */
bool deliver_place_parse(struct place *place, const text *record, uint64_t minimum_uid, const char **error);

#endif
