/* dn: two ways to write one DN (RFC 4514) become the same bytes, so that a group's member is found. No I/O. */

#ifndef LDAPSYNC_DN_H
#define LDAPSYNC_DN_H

#include "lib/text.h"

/* ASCII in lower case, no white space around "=", "," and "+", escaped bytes as they are but for those that would be one of
   these. What is no DN becomes something that is equal to itself. */
void dn_fold(const char *dn, text *folded);

#endif
