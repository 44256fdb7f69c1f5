/* certificates: who is known by a client certificate (SASL EXTERNAL): by control/certificates, "SHA256 LOGIN", one a line (the directory's: certificate_logins). */

#ifndef LDAPSYNC_CERTIFICATES_H
#define LDAPSYNC_CERTIFICATES_H

#include "ldapsync/table.h"

/* certificate:HEX, and certificate:* if there is one, of policy.cdb. Dies with file and line. */
void certificates_read(struct table *policy);
bool certificates_parse(struct table *policy, const char *path, const text *bytes, text *error); /* without I/O */

void certificates_ask(struct table *policy); /* clients are asked for one, whoever may have any */

#endif
