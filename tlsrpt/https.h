/* https: a report brought by POST (RFC 8460 5.4). Once before: https_start (lib/https). */

#ifndef TLSRPT_HTTPS_H
#define TLSRPT_HTTPS_H

#include "lib/cidr.h"

/* False if it was not taken; *said: the code, or why. asker: a socket; if it is hung up, nobody waits any more. */
bool tlsrpt_https_post(const char *uri, const text *gzip, const struct cidrs *also, int asker, text *said);

/* An address that anybody can reach: a stranger's record does not lead to hosts inside. */
bool tlsrpt_https_is_public(const struct ip *ip);

#endif
