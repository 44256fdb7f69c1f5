/* words2047: encoded words in a header's value (RFC 2047) to UTF-8. White space between two of them goes; a word that
   is none, or whose character set is unknown, stays as it is. Raw 8-bit is read as UTF-8, invalid bytes as U+FFFD. */

#ifndef LIB_WORDS2047_H
#define LIB_WORDS2047_H

#include "lib/bytes.h"
#include "lib/text.h"

void words2047_decode(struct bytes value, text *utf8); /* adds; the value may be folded */

/* Adds a value of valid UTF-8 without control characters as it is, if it is ASCII and does not look like an encoded word; else as
   such words of at most 75 characters, folded. */
void words2047_encode(const char *utf8, text *out);

#endif
