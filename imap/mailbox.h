/* mailbox: the folders of the mailbox that is the working directory: which there are, made, removed, renamed; and which
   of them the user is subscribed to. Names are such as imap_entry_name gives. */

#ifndef IMAP_MAILBOX_H
#define IMAP_MAILBOX_H

#include <stdint.h>

#include "imap/names.h"

enum imap_mailbox_result {
  IMAP_MAILBOX_BROKEN = -1, /* errno */
  IMAP_MAILBOX_ABSENT,      /* there is no such folder */
  IMAP_MAILBOX_THERE,       /* there is one already */
  IMAP_MAILBOX_DONE
};

/* At a login: the mailbox's own folders, and, once, those that people expect to have (N-45), with subscriptions. */
bool imap_mailbox_prepare(void);

bool imap_mailbox_make(void); /* its own folders alone: a public mailbox, which nobody logs in to */

bool imap_mailbox_list(struct imap_names *names); /* INBOX and all others, sorted */
enum imap_mailbox_result imap_mailbox_create(const text *name);
enum imap_mailbox_result imap_mailbox_delete(const text *name); /* with its messages; folders below it stay */

/* With all folders below it. Not INBOX. A crash may leave some of these under their old name. */
enum imap_mailbox_result imap_mailbox_rename(const text *from, const text *to);

bool imap_mailbox_subscriptions(struct imap_names *names); /* sorted */
bool imap_mailbox_subscribe(const text *name, bool is_subscribed);

/* "\Drafts" and the like for a folder that has such a use (RFC 6154), 0 for others. */
const char *imap_mailbox_use(const char *name);

/* The lock of the mailbox itself, for a change of a folder's rights; one at a time. False with errno. */
bool imap_mailbox_lock(void);
void imap_mailbox_unlock(void);

bool imap_mailbox_sync(void); /* the entries of the mailbox are on the disk */

/* A uidvalidity that no folder of this mailbox has had. */
bool imap_mailbox_new_validity(uint32_t *validity);

#endif
