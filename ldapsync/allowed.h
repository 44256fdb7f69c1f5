/* allowed: which senders a login may use (L-16): control/allowedsenders/LOGIN, an address or domain a line, and "limit: N". */

#ifndef LDAPSYNC_ALLOWED_H
#define LDAPSYNC_ALLOWED_H

#include "ldapsync/table.h"

void allowed_read(struct table *policy);

/* One file to the record allowed:LOGIN; false with a sentence in error. *left_out: how many are beyond the limit. No I/O. */
bool allowed_parse(text *record, const char *path, const text *bytes, size_t *left_out, text *error);

#endif
