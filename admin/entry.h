/* entry: one account's entry of directory/NAME.ldif: changed or taken away, with every other byte of the file as it was. What belongs to a
   directory server, to the system or to control/mailboxes is refused, with a sentence that says where to change it. */

#ifndef ADMIN_ENTRY_H
#define ADMIN_ENTRY_H

#include "lib/text.h"

struct entry {
  text key, name; /* of its mailbox, and the primary address */
  text mail;      /* its folder below mail/ */
  text path;      /* the file */
  text bytes;     /* the file's */
  size_t start, end; /* where the entry lies in them */
};
#define ENTRY_ZERO { .key = TEXT_ZERO }

void entry_lock(void); /* nobody else changes directory/ until this process ends */
bool entry_lock_soon(unsigned int ms); /* the same, unless somebody else holds it for so long: false */

/* The account that logs in by this name, or has this address. Dies if there is none, or none that is ours to change. */
void entry_find(struct entry *e, const char *login);

/* True if it was said to be one's own to change; else why gives the reason. from: a record's. */
bool entry_is_ours(const char *from, const char *name, text *why);

/* Dies, with where to change it, if a directory server owns it. */
void entry_refuse_served(const char *from, const char *name);

/* As entry_find, of an account that the tables have. */
void entry_open(struct entry *e, const char *key, const text *mailbox);

void entry_set(struct entry *e, const char *attribute, const text *lines); /* the attribute's lines become these */
/* The attribute's line with this value becomes these lines, where it stands; false: there is none. */
bool entry_swap(struct entry *e, const char *attribute, const char *value, const text *lines);

void entry_remove(struct entry *e);
void entry_save(const struct entry *e); /* a file without an entry is removed */
void entry_free(struct entry *e);

#endif
