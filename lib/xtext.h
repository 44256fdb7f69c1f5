/* xtext: any string in the ASCII forms that go with a message from host to host: xtext (RFC 3461 4) and
   utf-8-addr-xtext (RFC 6533 3). No I/O. */

#ifndef LIB_XTEXT_H
#define LIB_XTEXT_H

#include "lib/text.h"

void xtext_add(text *out, const char *string);      /* every byte but printable ASCII, '+' and '=' as +HH */
void xtext_add_utf8(text *out, const char *string); /* every character but printable ASCII, '\\', '+' and '=' as \x{HEX} */

/* Adds what the bytes mean. False if a '+' has no two hexadecimal digits, or what comes out is not printable ASCII. */
bool xtext_decode(text *out, const char *bytes, size_t length);

/* Whether they are written as RFC 3461 4 has it: no space, no '=', digits in upper case. */
bool xtext_check(const char *bytes, size_t length);

#endif
