/* hex: bytes as two hexadecimal digits each. */

#ifndef LIB_HEX_H
#define LIB_HEX_H

#include "lib/text.h"

int hex_digit(char c);       /* 0 to 15, in either case; -1: it is none */
int hex_upper_digit(char c); /* the same, upper case alone: where a byte may be written in one way only */

void hex_add(text *out, const void *bytes, size_t length); /* lower case */
void hex_add_upper(text *out, char byte);

#endif
