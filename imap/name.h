/* name: which mailbox names a LIST pattern means. What a name may be: imap/entry.h. */

#ifndef IMAP_NAME_H
#define IMAP_NAME_H

#include <stdbool.h>

/* "*" matches anything, "%" anything but the separator; INBOX in any case. Time is at most the product of the lengths. */
bool imap_name_matches(const char *pattern, const char *name, char separator);

#endif
