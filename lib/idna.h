/* idna: internationalized domain names (IDNA2008, RFC 5890, by libidn2), without I/O. */

#ifndef LIB_IDNA_H
#define LIB_IDNA_H

#include "lib/text.h"

/* A domain in valid UTF-8 as A-labels in lower case ("xn--bcher-kva.example"), case and width folded before as RFC 5895
   says. False if it is no name: a character that IDNA2008 has not, a label too long. */
bool idna_to_ascii(const char *utf8, size_t length, text *ascii);

#endif
