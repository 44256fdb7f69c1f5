/* entry: what a folder is on the disk: one entry of the mailbox, "." before each level of its name, which stays in
   modified UTF-7 (Maildir++). A "." inside a level is "\2e" there ("\5c2e" is a level's own "\2e"). INBOX is the mailbox
   itself. No I/O. */

#ifndef IMAP_ENTRY_H
#define IMAP_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/text.h"

#define IMAP_SEPARATOR '/'
#define IMAP_ENTRY_MAX 255 /* bytes of one entry of a folder */

/* Takes a name from a client: INBOX as the first level in capitals, without a "/" at its end. Why no folder can be
   called so, as a sentence for NO; 0 if one can. No name leads out of the mailbox: a "/" is never on the disk. */
const char *imap_entry_name(const char *given, text *name);

/* The entry of such a name; "." for INBOX. */
void imap_entry_format(const text *name, text *entry);

/* The name of an entry of the mailbox; false if the entry is no folder's. */
bool imap_entry_parse(const char *entry, text *name);

/* C0, DEL or C1 (U+0080 to U+009F), written in UTF-7: no new folder is called so (check 45). */
bool imap_entry_has_control(const text *name);

bool imap_name_is_inbox(const text *name);
bool imap_name_is_below(const text *name, const text *parent); /* "a/b" and "a/b/c" are below "a" */

#endif
