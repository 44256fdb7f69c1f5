/* log: one line per event on stderr, which goes to s6-log: "PROG: EVENT key=value key=value". A value with a space or a
   byte outside printable ASCII is quoted and escaped, so that no byte from outside can make a second line. */

#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/text.h"

/* Pairs of strings, ended by (char *)0. A pair whose value is 0 or "" is left out.
   log_event("queued", "id", id, "from", sender, (char *)0); */
void log_event(const char *event, ...) __attribute__((sentinel));

#endif
