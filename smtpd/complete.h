/* complete: gives the addresses of a header field that have no domain one (RFC 6409 4.2), without I/O and in one pass. All
   else stays as it is, byte for byte: names, comments, groups, folds, what cannot be read. */

#ifndef SMTPD_COMPLETE_H
#define SMTPD_COMPLETE_H

#include "lib/bytes.h"
#include "lib/text.h"

/* Adds the value (as lib/header has it) with "@domain" behind each address that lacks it. */
void smtpd_complete(struct bytes value, const char *domain, text *out);

#endif
