/* https: a report brought by POST (RFC 8460 5.4). Once before: https_start (lib/https). */

#ifndef TLSRPT_HTTPS_H
#define TLSRPT_HTTPS_H

#include "lib/cidr.h"

/* False if it was not taken; *said: the code, or why. asker: a socket; if it is hung up, nobody waits any more. */
bool tlsrpt_https_post(const char *uri, const text *gzip, const struct cidrs *also, int asker, text *said);

#endif
