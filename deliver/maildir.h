/* maildir: the folders new, cur and tmp of a mailbox, which is the working directory, or of a folder of it.

   A file gets its name first and is synced then, because that is one commit of the disk's journal instead of two. So a
   name may be found after a power cut whose bytes never came: the file is shorter than it should be, or has its length and
   reads as NULs (ext4 gives blocks their place before their contents). Such a file is removed when it is met; nobody was
   told that it was delivered. */

#ifndef DELIVER_MAILDIR_H
#define DELIVER_MAILDIR_H

#include "lib/text.h"

struct maildir {
  bool is_open;
  text entry; /* which folder of the mailbox; "." is INBOX */
  int new, cur, tmp;
};
#define MAILDIR_ZERO { .entry = TEXT_ZERO, .new = -1, .cur = -1, .tmp = -1 }

struct maildir_file {
  int fd;
  text temporary; /* its name in tmp, where the file system has no unnamed files; else empty */
};
#define MAILDIR_FILE_ZERO { -1, TEXT_ZERO }

/* Another folder than before: the old ones are closed. */
void deliver_maildir_choose(struct maildir *m, const char *entry);

/* Opens the three once, makes what is missing (W-07). Never through a link, never a folder of another owner: ENOTDIR, ELOOP, EPERM. */
bool deliver_maildir_open(struct maildir *m);

/* A new file, without a name yet, to be written. */
bool deliver_maildir_create(const struct maildir *m, struct maildir_file *f, const text *name);

enum deliver_maildir_result { DELIVER_MAILDIR_BROKEN = -1, DELIVER_MAILDIR_NEW, DELIVER_MAILDIR_THERE };

/* Is the delivery of that name (deliver/name.h) in new or cur, whatever its flags? THERE: it is, and it is on disk.
   f: the same message, written; what is met is compared with it. */
enum deliver_maildir_result deliver_maildir_find(const struct maildir *m, const struct maildir_file *f, const text *name);

/* Gives the file its whole name in new, never in the place of a whole one, and syncs it. */
enum deliver_maildir_result deliver_maildir_link(const struct maildir *m, const struct maildir_file *f, const text *name);

/* Closes it; removes what is in tmp. */
void deliver_maildir_close(const struct maildir *m, struct maildir_file *f);

#endif
