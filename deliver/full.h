/* full: state/full/KEY, by which those who take mail in know that a mailbox is over its quota (S-34). The folder is root's.
   A child of mailbox-spawn, which is the mailbox's uid by then, says what it saw; the listener, root, makes or removes the
   file. It believes a report only from the uid that the mailbox of that KEY has: the kernel says who wrote it.

   The file holds the quota that it was made for: with another quota in the tables it is removed. */

#ifndef DELIVER_FULL_H
#define DELIVER_FULL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/tables.h"

#define FULL_FOLDER "state/full"

int full_open(void);        /* the listener: a descriptor on which reports come; before the first fork */
bool full_is_noted(const char *key);

/* The child: sends its reports from now on about this mailbox, or none (0); it reads none in any case. */
void full_begin(const char *key, uint64_t quota_bytes);
void full_report(bool is_full);

/* The listener. owner: the uid of the mailbox and its quota now; false if there is no such mailbox. */
typedef bool full_owner(const char *key, uid_t *uid, uint64_t *quota_bytes);
void full_take(full_owner *owner);  /* the next report, if there is one */
void full_sweep(full_owner *owner); /* removes what is for another quota, or for no mailbox any more */

#endif
