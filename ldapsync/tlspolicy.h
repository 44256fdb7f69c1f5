/* tlspolicy: by which TLS the MX of other domains get mail (control/tlspolicy): "SUBJECT POLICY", a line for each. */

#ifndef LDAPSYNC_TLSPOLICY_H
#define LDAPSYNC_TLSPOLICY_H

#include "ldapsync/table.h"

/* Its lines to tlspolicy:SUBJECT; false with a sentence in error. No I/O. */
bool tlspolicy_parse(struct table *policy, const char *path, const text *bytes, text *error);

void tlspolicy_read(struct table *policy); /* dies with file and line if it cannot be understood */

#endif
