/* names: a set of mailbox names, in the order of their bytes. No I/O. */

#ifndef IMAP_NAMES_H
#define IMAP_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/text.h"

struct imap_names {
  text bytes; /* each ended by a NUL */
  const char **list;
  size_t count;
};
#define IMAP_NAMES_ZERO { TEXT_ZERO, 0, 0 }

void imap_names_add(struct imap_names *n, const text *name);
void imap_names_sort(struct imap_names *n); /* before the list is read: makes it, each name once */
bool imap_names_have(const struct imap_names *n, const char *name);
bool imap_names_have_below(const struct imap_names *n, const char *name); /* is there a folder below this one? */
void imap_names_free(struct imap_names *n);

#endif
