/* name: what a mailbox name may be, and which names a LIST pattern means. */

#ifndef IMAP_NAME_H
#define IMAP_NAME_H

#include <stdbool.h>

#define IMAP_NAME_MAX 250 /* bytes, in modified UTF-7: one file name in a Maildir++ */

/* Why the name cannot be one of a mailbox, as a sentence for NO; 0 if it can. Refused: empty, longer than IMAP_NAME_MAX,
   not modified UTF-7, control characters, "/" unless it is the separator, ".", wildcards "*" and "%", an empty level
   ("a..b", ".a", "a."), a level "." or "..". With separator "/", a "." in a level is refused, since Maildir++ has it
   between levels on disk. */
const char *imap_name_problem(const char *name, char separator);

/* "*" matches anything, "%" anything but the separator; INBOX in any case. Time is at most the product of the lengths. */
bool imap_name_matches(const char *pattern, const char *name, char separator);

#endif
