/* dsn: the values of RFC 3461 and RFC 6533, from the wire to what they mean, without I/O. */

#ifndef SMTPD_DSN_H
#define SMTPD_DSN_H

#include "lib/text.h"

/* NOTIFY= into "never", or some of "success,failure,delay" in this order. */
bool dsn_notify_parse(text *notify, const char *bytes, size_t length);

/* ORCPT= into "TYPE;ADDRESS", the type in lower case; a type utf-8 (RFC 6533 3) becomes UTF-8. needs_utf8: it was written
   with bytes that only SMTPUTF8 may carry. */
bool dsn_orcpt_parse(text *orcpt, bool *needs_utf8, const char *bytes, size_t length);

#endif
