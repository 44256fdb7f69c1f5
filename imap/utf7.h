/* utf7: mailbox names, modified UTF-7 (RFC 3501 5.1.3) to UTF-8 and back. Strict: there is one way to write a name, and
   another is refused, so that two spellings never mean one mailbox. */

#ifndef IMAP_UTF7_H
#define IMAP_UTF7_H

#include <stdbool.h>

#include "lib/text.h"

/* Both add to the text; false (and the text as it was) if the input is not the one right form. */
bool imap_utf7_decode(const char *name, size_t length, text *utf8);
bool imap_utf7_encode(const char *utf8, size_t length, text *name);

#endif
