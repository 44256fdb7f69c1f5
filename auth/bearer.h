/* bearer: what a client says to log in by an access token, OAUTHBEARER (RFC 7628) and XOAUTH2 (Google's), bytes to token and name; and what it
   is answered if the token does not do. No I/O. */

#ifndef AUTH_BEARER_H
#define AUTH_BEARER_H

#include "lib/text.h"

enum { BEARER_TOKEN_MAX = 8000 };

struct bearer {
  text acts_as; /* who he says he is; empty: the token says it */
  text token;   /* RFC 6750 2.1: letters, digits and -._~+/=; empty: none, he asks what we want (RFC 7628 4.3) */
};
#define BEARER_ZERO { .acts_as = TEXT_ZERO, .token = TEXT_ZERO }

bool bearer_parse_oauth(struct bearer *b, const char *bytes, size_t length);   /* false: it is none */
bool bearer_parse_xoauth2(struct bearer *b, const char *bytes, size_t length);
bool bearer_is_token(const char *bytes, size_t length);
void bearer_free(struct bearer *b); /* wipes */

struct bearer_refusal {
  bool lacks_scope;          /* else the token itself is not good */
  const char *scope;         /* what one needs; "" if nothing is said of it */
  const char *configuration; /* the URL of the authorization server's openid-configuration, or "" */
};
void bearer_refuse_oauth(text *json, const struct bearer_refusal *r); /* RFC 7628 3.2.2 */
void bearer_refuse_xoauth2(text *json, const struct bearer_refusal *r);

#endif
