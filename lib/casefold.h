/* casefold: UTF-8 to the form in which two texts are the same when they differ only in case (Unicode's full case
   folding), for searching. Folding the pieces of a text gives the same as folding the whole. */

#ifndef LIB_CASEFOLD_H
#define LIB_CASEFOLD_H

#include "lib/text.h"

void casefold_add(const char *utf8, size_t length, text *folded); /* valid UTF-8, whole characters */

/* The same for what is compared as a whole (a local part): also what is written with combining characters is the same
   (Unicode 3.13, canonical caseless matching). The result is in NFC. */
void casefold_canonical_add(const char *utf8, size_t length, text *folded);

#endif
