/* dn: two ways to write one DN (RFC 4514) become the same bytes, so that a group's member is found. No I/O. */

#ifndef LDAPSYNC_DN_H
#define LDAPSYNC_DN_H

#include "lib/text.h"

/* ASCII in lower case, no white space around separators, each byte escaped in one way or not at all. What is no DN becomes something
   that is equal to itself. Folded once more it stays as it is. */
void dn_fold(const char *dn, text *folded);

#endif
