/* saslprep: a password as both sides of SCRAM have to write it before they hash it (RFC 4013, a profile of RFC 3454). */

#ifndef LIB_SASLPREP_H
#define LIB_SASLPREP_H

#include "lib/text.h"

/* prepared ends with a NUL. What SASLprep forbids, or is no UTF-8, is taken as it is: whoever has such a password still has one.
   What Unicode has got since 3.2 counts as itself. */
void saslprep(text *prepared, const char *password);

#endif
