/* date: points of time as mail writes them. Seconds are since 1970, UTC. */

#ifndef LIB_DATE_H
#define LIB_DATE_H

#include "lib/text.h"

void date_add(text *out, uint64_t seconds); /* RFC 5322 3.3, in UTC: "Sat, 21 Nov 2026 10:49:15 +0000" */

void date_add_internet(text *out, uint64_t seconds); /* RFC 3339, in UTC: "2026-11-21T10:49:15Z" */

/* Days since 1 January 1970; false if there is no such day. month: 1 to 12; year: 1 to 9999. */
bool date_days(unsigned int year, unsigned int month, unsigned int day, int32_t *days);
unsigned int date_month(const char *name); /* of its first three letters, any case: 1 to 12, or 0 */

/* A Date field (RFC 5322 3.3 and 4.3), tolerantly: parts may be missing or in another order, but day, month and year
   must be there. minutes_east: the zone it was written in, so that the day can be told as it was written. */
bool date_parse(const char *value, size_t length, int64_t *seconds, int *minutes_east);

#endif
