/* secret: a password that is read from fd 0, one line. */

#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include "lib/text.h"

enum { SECRET_MAX = 511 }; /* bytes: what crypt(3) takes; a hash must not be fed without end by strangers */

void secret_read(text *password); /* ended by a NUL; dies if it is empty, longer than SECRET_MAX or has a NUL inside */

void secret_read_or_none(text *password); /* the same, but that it may be empty */

void secret_read_token(text *token, size_t max); /* the same, of up to max bytes */

#endif
