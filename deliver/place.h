/* place: where a mailbox is and whose it is, from its record in policy.cdb. No I/O. */

#ifndef DELIVER_PLACE_H
#define DELIVER_PLACE_H

#include <sys/types.h>

#include "lib/record.h"

struct place {
  text domain; /* mail/DOMAIN/USER; both are one component of a path: no slash, no leading dot */
  text user;
  text path; /* not empty: absolute, of a system user, and the two above mean nothing */
  uid_t uid;
  gid_t gid; /* the same number; a system user has his own */
};
#define PLACE_ZERO { TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, 0, 0 }

void place_free(struct place *place);

/* False with a sentence if the record names a uid below minimum_uid (0 is refused always), or a path other than
   "domain/user" of letters, digits and "._+=@-" (and bytes of UTF-8). An absolute path needs gid=. */
bool deliver_place_parse(struct place *place, const text *record, uint64_t minimum_uid, const char **error);

bool deliver_place_is_absolute(const char *path); /* "/a/b": such components, none empty */

#endif
