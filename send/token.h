/* token: what XOAUTH2 shows instead of a password. Something else renews it, so it is read at each login. */

#ifndef SEND_TOKEN_H
#define SEND_TOKEN_H

#include "lib/text.h"

/* The first line of the file; 0, or what is wrong with it: "is not there". */
const char *send_token_read(const char *path, text *token);

#endif
