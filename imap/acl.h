/* acl: who may do what with a folder, as its file dovecot-acl says: a line for each, "user=LOGIN lrs", "group=NAME lr", "anyone l"; with
   a minus before the name: what he may not do whatever else is said. No I/O.

   Strangers to our own rules may have written the file: a line that cannot be understood gives nobody anything. */

#ifndef IMAP_ACL_H
#define IMAP_ACL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/text.h"

#define IMAP_ACL_FILE "dovecot-acl"
#define IMAP_ACL_ENTRIES_MAX 1000

struct imap_acl {
  struct imap_acl_entry {
    text who; /* "user=LOGIN", "group=NAME", "anyone" ..., ended by a NUL */
    bool is_negative;
    unsigned int rights;
  } *list;
  size_t count;
};
#define IMAP_ACL_ZERO { 0, 0 }

void imap_acl_parse(struct imap_acl *a, const char *bytes, size_t length); /* adds; of two lines for one the rights are joined */
void imap_acl_format(const struct imap_acl *a, text *bytes);
struct imap_acl_entry *imap_acl_find(const struct imap_acl *a, const char *who, bool is_negative); /* 0 */

/* Makes it what he has; none: takes the entry out. False: there are as many entries as there may be. */
bool imap_acl_set(struct imap_acl *a, const char *who, bool is_negative, unsigned int rights);

/* What the entries that hold for somebody give him. concerns says whether one does. */
unsigned int imap_acl_rights(const struct imap_acl *a, bool (*concerns)(void *context, const char *who), void *context, unsigned int *denied);

void imap_acl_free(struct imap_acl *a);

/* An identifier of IMAP, "LOGIN", "group:NAME" ("$NAME"), "anyone", and with a minus, to who and back. False: it can be none. */
bool imap_acl_identifier_parse(const char *identifier, text *who, bool *is_negative);
void imap_acl_identifier_format(const struct imap_acl_entry *entry, text *identifier);

#endif
