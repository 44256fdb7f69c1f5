/* scram: can SCRAM-SHA-256, or SCRAM-SHA-1, be offered? A client that is offered it takes it, and is then refused where no keys are stored; so it
   is offered only if every login has them (doc/tables.md, scram:stranger). */

#ifndef LDAPSYNC_SCRAM_H
#define LDAPSYNC_SCRAM_H

#include "ldapsync/build.h"
#include "ldapsync/table.h"
#include "lib/scramkeys.h"

struct scram_shape { /* keys of one kind */
  uint64_t iterations, salt_length;
  size_t count;
};

struct scram {
  enum scramhash hash;
  struct scram *sha1;   /* the same of SCRAM-SHA-1, if control/scramsha1 asks for it; else 0 */
  bool is_offered;
  size_t with, without; /* logins that have keys, and that have not */
  text first;           /* who is the first without */
  text key;             /* what makes the strangers' salts, in hex */
  uint64_t iterations;  /* control/scramiterations; 0: it is never offered */
  struct scram_shape *shapes; /* sorted */
  size_t shape_count, shape_room;
};
#define SCRAM_ZERO { .first = TEXT_ZERO, .key = TEXT_ZERO }

/* backends: the table auth, with the records of control/backends. Reads the current auth.cdb, for the key: strangers keep their salts. */
void scram_look(struct scram *s, const struct build *b, const struct build_limits *limits, const struct table *auth);

/* One account more, or one less. */
void scram_count(struct scram *s, const struct account *a, const struct build_limits *limits, bool is_gone);
void scram_decide(struct scram *s); /* is_offered, by what was counted */

void scram_record(const struct scram *s, text *record); /* scram:stranger */

#endif
