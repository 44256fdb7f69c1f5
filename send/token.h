/* token: what OAUTHBEARER and XOAUTH2 show instead of a password. It is had anew at each login: from a file that something else
   renews, or from token-run. */

#ifndef SEND_TOKEN_H
#define SEND_TOKEN_H

#include "lib/record.h"

/* Does this login show a token? */
bool send_token_is_wanted(const text *facts);

/* From the file or the command of the rule; 0, or what is wrong. refused: the one that the server did not take, or 0; where no
   other one is to be had that is wrong. At most so many seconds. */
const char *send_token_get(const text *facts, const text *rule, const char *refused, unsigned int seconds, text *token);

#endif
