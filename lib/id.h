/* id: the name of a message in the queue and in every log line: \w+, ordered by time. 11 digits to the base 32
   (0-9a-v) of microseconds since 1970, then 5 random ones. A report about ID is called IDb0001, by the attempt;
   a report about that one IDb0001b0001. */

#ifndef LIB_ID_H
#define LIB_ID_H

#include "lib/text.h"

#define ID_MAX 64

void id_make(text *id);
bool id_check(const char *id); /* [0-9a-v]{16}, and for a report b and digits, once or more; at most ID_MAX in all */
bool id_is_report(const char *id);

#endif
