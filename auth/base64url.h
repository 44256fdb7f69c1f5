/* base64url: RFC 4648 section 5 as JOSE has it (RFC 7515 2): no padding, nothing else in it. */

#ifndef AUTH_BASE64URL_H
#define AUTH_BASE64URL_H

#include "lib/text.h"

bool base64url_decode(text *out, const char *encoded, size_t length); /* adds the bytes */

#endif
