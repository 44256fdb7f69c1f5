/* introspect: asks the authorization server about an access token (RFC 7662), over HTTPS. Uses libcurl. Once before: https_start. */

#ifndef AUTH_INTROSPECT_H
#define AUTH_INTROSPECT_H

#include "lib/text.h"

enum { INTROSPECT_BYTES_MAX = 65536 };

/* The body of its answer, which is 200; or false with a sentence in error. Within 15 s. */
bool introspect(const char *url, const char *token, text *answer, text *error);

#endif
