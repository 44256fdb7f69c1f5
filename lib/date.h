/* date: points of time as mail writes them. Seconds are since 1970, UTC. */

#ifndef LIB_DATE_H
#define LIB_DATE_H

#include "lib/text.h"

void date_add(text *out, uint64_t seconds); /* RFC 5322 3.3, in UTC: "Sat, 21 Nov 2026 10:49:15 +0000" */

#endif
