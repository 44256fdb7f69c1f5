/* certificates: control/certificates, who is known by a client certificate (SASL EXTERNAL): "SHA256 LOGIN", one a line. */

#ifndef LDAPSYNC_CERTIFICATES_H
#define LDAPSYNC_CERTIFICATES_H

#include "ldapsync/table.h"

/* certificate:HEX, and certificate:* if there is one, of policy.cdb. Dies with file and line. */
void certificates_read(struct table *policy);
bool certificates_parse(struct table *policy, const char *path, const text *bytes, text *error); /* without I/O */

#endif
