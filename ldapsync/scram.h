/* scram: can SCRAM-SHA-256 be offered? A client that is offered it takes it, and is then refused where no keys are stored; so it
   is offered only if every login has them (doc/tables.md, scram:stranger). */

#ifndef LDAPSYNC_SCRAM_H
#define LDAPSYNC_SCRAM_H

#include "ldapsync/build.h"
#include "ldapsync/table.h"

struct scram {
  bool is_offered;
  size_t with, without; /* logins that have keys, and that have not */
  text first;           /* who is the first without */
};
#define SCRAM_ZERO { .first = TEXT_ZERO }

/* backends: the table auth, with the records of control/backends; scram:stranger is added to it. Reads the current auth.cdb, for
   the key: strangers keep their salts. */
void scram_look(struct scram *s, const struct build *b, const struct build_limits *limits, struct table *auth);

#endif
