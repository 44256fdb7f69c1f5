/* folder_add: messages into a folder, all or none, durable: APPEND, COPY and the first half of MOVE.

   Steps, so that a crash between any two loses nothing and shows no half message: the file lies whole and synced in tmp/;
   the uids are written, in order; the files get their names in new/ or cur/; these are synced. */

#ifndef IMAP_FOLDER_ADD_H
#define IMAP_FOLDER_ADD_H

#include "imap/folder.h"

struct imap_addition {
  struct imap_folder *folder; /* from imap_folder_open_to_add */
  struct imap_added {
    text name;                /* in tmp/, then in new/ or cur/ */
    bool is_new;              /* it has no flags: it belongs into new/, and will be recent to whoever sees it first */
    bool is_shown;            /* it is there */
    bool is_seen;             /* by this user, if that is his own (imap/seen.h) */
  } *list;
  size_t count, room;
  uint32_t first_uid;         /* after imap_addition_finish: the uids are first_uid, first_uid + 1 ... */
  int fd;                     /* of the file that is being written */
  uint64_t bytes, wire;       /* so many of it, and with CRLF at the end of each line */
  bool holds_cr;              /* a CR was read and is written when no LF follows it */
  bool after_cr;              /* a CR is the last byte of the file */
};

void imap_addition_start(struct imap_addition *a, struct imap_folder *folder);

/* One message from bytes that come in pieces. Lines are kept with LF alone, as Maildirs have them. */
bool imap_addition_begin(struct imap_addition *a);
bool imap_addition_write(struct imap_addition *a, const char *bytes, size_t length);
bool imap_addition_end(struct imap_addition *a, imap_marks marks, const int64_t *date_seconds); /* date: 0 is now */

/* One message by a hard link to a file of another folder (or of the same), which imap_folder_open_message has just found;
   marks are those of this folder. */
bool imap_addition_link(struct imap_addition *a, struct imap_folder *from, size_t place, imap_marks marks);

/* Makes them part of the folder; false with errno: none is. */
bool imap_addition_finish(struct imap_addition *a);

void imap_addition_stop(struct imap_addition *a); /* removes what was not finished, frees */

#endif
