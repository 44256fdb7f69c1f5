/* spell: strings in the ASCII forms that go with a message from host to host: xtext (RFC 3461 4) and utf-8-addr-xtext
   (RFC 6533 3). No I/O. */

#ifndef SEND_SPELL_H
#define SEND_SPELL_H

#include "lib/text.h"

bool spell_is_ascii(const char *string); /* no byte over 0x7f */

void spell_xtext(text *out, const char *string);     /* every byte but printable ASCII, '+' and '=' as +HH */
void spell_utf8_xtext(text *out, const char *string); /* every character but printable ASCII, '\\', '+' and '=' as \x{HEX} */

#endif
