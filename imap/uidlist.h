/* uidlist: the file dovecot-uidlist, version 3 (and 1, which is only read): which message of a folder has which uid.
     3 V1700000000 N18 G0123456789abcdef0123456789abcdef
     17 W1234 :1700000000.M1P2.host,S=1200
   A line appended behind the others raises N by itself. What a line says besides is kept. No I/O. */

#ifndef IMAP_UIDLIST_H
#define IMAP_UIDLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/text.h"

struct imap_uidlist {
  uint32_t validity; /* 0: none yet */
  uint32_t next;     /* the next uid */
  uint32_t last;     /* the uid of the last line that imap_uidlist_next gave */
  char guid[33];     /* of the folder, 32 hexadecimal digits, or "" */
};

struct imap_uidline {
  uint32_t uid;
  const char *facts; /* between the uid and the colon, without spaces around; not ended by a NUL */
  size_t facts_length;
  const char *base;
  size_t base_length;
};

/* The first line. *at: where the next begins. False if it is none of ours: the file has to be made anew. */
bool imap_uidlist_parse(struct imap_uidlist *u, const char *bytes, size_t length, size_t *at);

/* The line at *at. Lines that cannot be, and uids that do not rise, are passed over; a line cut off at the end too.
   Raises u->next. False at the end. */
bool imap_uidlist_next(struct imap_uidlist *u, const char *bytes, size_t length, size_t *at, struct imap_uidline *line);

void imap_uidlist_format(const struct imap_uidlist *u, text *bytes);
void imap_uidline_format(const struct imap_uidline *line, text *bytes);

#endif
