/* hold: points of time as RFC 4865 writes them (RFC 3339), without I/O. */

#ifndef SMTPD_HOLD_H
#define SMTPD_HOLD_H

#include "lib/text.h"

/* "2026-12-24T18:00:00Z", also with a fraction and with an offset instead of Z; seconds since 1970. */
bool hold_date_parse(const char *bytes, size_t length, uint64_t *seconds);

#endif
