/* base64: RFC 4648 section 4. Decoding is strict: whole groups of four, padding only at the end, nothing else. */

#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include "lib/text.h"

void base64_add(text *out, const char *bytes, size_t length);                  /* adds the encoding, with padding */
bool base64_decode(text *out, const char *encoded, size_t length);             /* adds the bytes; false: not base64 */

#endif
