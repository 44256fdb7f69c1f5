/* date: the two dates of IMAP (RFC 3501 9): date ("1-Feb-2024", with or without quotes) and date-time
   ("17-Jul-1996 02:44:25 -0700"). INTERNALDATE is kept as seconds since 1970 and shown in UTC. */

#ifndef IMAP_DATE_H
#define IMAP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

bool imap_date_parse(const char *bytes, size_t length, int32_t *day);               /* days since 1970; no quotes */
bool imap_date_time_parse(const char *bytes, size_t length, int64_t *seconds);      /* no quotes; " 1-Feb" or "01-Feb" */
void imap_date_time_format(int64_t seconds, text *out);                             /* with the quotes */

#endif
