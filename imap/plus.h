/* plus: the folder that the detail of an address means (user+DETAIL@example.org, N-44). The process has the mailbox's uid, and the
   mailbox is its working directory; nothing else of imap/ is needed for a delivery. */

#ifndef IMAP_PLUS_H
#define IMAP_PLUS_H

#include <stdbool.h>

#include "lib/text.h"

/* The entry of the mailbox that the detail (UTF-8) means: a folder of that name, else one of that name in another case; "/"
   is between levels. If there is none it is made, and subscribed to, if makes; else, and if no folder can be called so, it is
   ".", INBOX. A stranger chooses the detail. */
void imap_plus_find(const char *detail, bool makes, text *entry);

#endif
