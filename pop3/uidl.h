/* uidl: what UIDL calls a message (RFC 1939 7): the name that the uidlist has for it (P, which Dovecot writes where mail came from another server with its UIDLs), so that
   clients fetch nothing twice; else its uid and the uidvalidity, as Dovecot's %08Xu%08Xv. */

#ifndef POP3_UIDL_H
#define POP3_UIDL_H

#include "imap/folder.h"

struct pop3_uidl {
  text names;    /* each ended by a NUL */
  size_t *place; /* of each message: where its name begins in names, and one; 0: it has none. 0 instead of an array: none has */
  bool is_read;
};

/* Once, before the first: of the first count messages. False with errno. */
bool pop3_uidl_read(struct pop3_uidl *u, struct imap_folder *f, size_t count);
void pop3_uidl_free(struct pop3_uidl *u);

void pop3_uidl_add(const struct pop3_uidl *u, const struct imap_folder *f, size_t place, text *out);

/* The name among a line's facts: 1 to 70 characters of RFC 1939 7; the length is 0 if there is none. */
const char *pop3_uidl_find(const char *facts, size_t facts_length, size_t *length);

#endif
