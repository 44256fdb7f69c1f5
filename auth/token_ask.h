/* token_ask: asks token-check about an access token (doc/calls.md). */

#ifndef AUTH_TOKEN_ASK_H
#define AUTH_TOKEN_ASK_H

#include "auth/login.h"

struct token_answer {
  text user;         /* after YES: whose it is, as a login */
  bool lacks_scope;  /* why NO; else the token itself is not good */
  text error;        /* after LATER */
};
#define TOKEN_ANSWER_ZERO { .user = TEXT_ZERO, .error = TEXT_ZERO }

enum login_result auth_token_ask(const char *token, struct token_answer *answer);
void auth_token_free(struct token_answer *answer);

#endif
