/* secret: a password that is read from fd 0, one line. */

#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include "lib/text.h"

void secret_read(text *password); /* ended by a NUL; dies if there is none, or it cannot be one (lib/password) */
void secret_wipe(text *t);        /* overwrites and frees */

#endif
