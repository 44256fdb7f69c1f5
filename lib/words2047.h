/* words2047: encoded words in a header's value (RFC 2047) to UTF-8. White space between two of them goes; a word that
   is none, or whose character set is unknown, stays as it is. Raw 8-bit is read as UTF-8, invalid bytes as U+FFFD. */

#ifndef LIB_WORDS2047_H
#define LIB_WORDS2047_H

#include "lib/bytes.h"
#include "lib/text.h"

void words2047_decode(struct bytes value, text *utf8); /* adds; the value may be folded */

#endif
