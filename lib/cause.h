/* cause: why a recipient waits, and where it is to go, in words that can be counted. No I/O. */

#ifndef LIB_CAUSE_H
#define LIB_CAUSE_H

#include "lib/said.h"

/* Is something left to do for it? */
bool cause_is_to_go(const struct envelope_recipient *r);

/* Where it waits to go: "mailbox" for one here, else the domain of its address. */
const char *cause_destination(const struct envelope_recipient *r);

/* said: the last words about it. example: these, "" if they say nothing. Both end with a NUL. */
void cause_find(const struct envelope_recipient *r, const struct said *said, text *cause, text *example);

#endif
