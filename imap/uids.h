/* uids: the file dovecot-uidlist of one folder, on the disk. Whoever reads or writes it holds the folder's lock. */

#ifndef IMAP_UIDS_H
#define IMAP_UIDS_H

#include "imap/uidlist.h"

#define IMAP_UIDS_FILE "dovecot-uidlist"

struct imap_uids {
  struct imap_uidlist head;
  int fd;         /* of the file that was read, kept open so that its inode stays its own; -1: none */
  size_t read_to; /* so much of it is known */
  text bytes;     /* what imap_uids_load read last */
  size_t at;
};

enum imap_uids_result {
  IMAP_UIDS_BROKEN = -1, /* errno */
  IMAP_UIDS_ABSENT,      /* there is none, or it is no uidlist: it has to be made (imap_uids_create) */
  IMAP_UIDS_LOADED,      /* there are lines to be read by imap_uids_next, maybe none */
  IMAP_UIDS_CHANGED      /* the same, but the folder has got another uidvalidity than this process knows */
};

void imap_uids_init(struct imap_uids *u);

/* Reads what was added since the last time; all of it if the file is another one. A last line that was cut off by a
   crash is removed. */
enum imap_uids_result imap_uids_load(struct imap_uids *u, int folder);
bool imap_uids_next(struct imap_uids *u, struct imap_uidline *line);

/* Puts a file with u->head and these lines in the place of the old one. */
bool imap_uids_create(struct imap_uids *u, int folder, const text *lines);

/* Adds lines, durably. u has just been loaded. */
bool imap_uids_append(struct imap_uids *u, const text *lines);

void imap_uids_free(struct imap_uids *u);

#endif
