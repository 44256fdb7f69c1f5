/* expire: takes old spam out of the mailbox that is the working directory (N-67): what lies in the folder Junk, bears X-Spam: YES, and was
   saved there more than so many days ago. Runs under the mailbox's uid; names and bytes are the user's and strangers'. */

#ifndef DELIVER_EXPIRE_H
#define DELIVER_EXPIRE_H

#include "lib/maildirsize.h"
#include "lib/record.h"

/* Days that spam stays in the mailbox of this record of policy.cdb: its own (N-31), else control/spamretention (N-95). 0: for ever. */
uint64_t deliver_expire_days(const text *record);

struct deliver_expiry {
  uint64_t days;           /* not 0 */
  uint64_t quota_bytes;    /* 0: the mailbox is not counted */
  bool is_dry;             /* counted, and left there */
  struct maildirsize gone; /* what went, or would */
  bool is_unfinished;      /* there is more than a minute's work: the rest is for the next time */
  bool has_room;           /* something went, and the quota is not reached any more */
};

/* False with errno: the folder cannot be read, or something in it not removed. What went before that is in gone. */
bool deliver_expire(struct deliver_expiry *e);

/* inside, and for tests; no I/O. When was a file of that name, with those times, saved in its folder? The name bears when it was made: by a
   delivery, an APPEND, a COPY or a MOVE. A message that waited in the queue is named after when it came, so its own time counts if it is later;
   not if it lies in the future of its last change (an APPEND may say anything). Another name says nothing: then its last change counts. */
uint64_t deliver_expire_saved(const char *name, int64_t mtime, int64_t ctime);

/* Is the first X-Spam field of this header YES, in any case? */
bool deliver_expire_is_spam(const char *header, size_t length);

#endif
