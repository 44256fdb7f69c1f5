/* jwk: a set of public keys (RFC 7517, RFC 7518 6, RFC 8037), and whether a JWT is signed by one of them. A key is for the algorithms of its own kind and
   no others, so no token can choose a weaker one. No I/O. Uses jansson and OpenSSL: signatures are how a token says who somebody is. */

#ifndef AUTH_JWK_H
#define AUTH_JWK_H

#include "auth/jwt.h"

struct jwk_set;

/* 0 with a sentence in error. Keys of other kinds, secret ones and those for encryption are passed over, as RFC 7517 5 wants it; if none is left that is wrong. */
struct jwk_set *jwk_parse(const char *bytes, size_t length, text *error);
void jwk_free(struct jwk_set *s);

enum jwk_result { JWK_WRONG = -1, JWK_NO_KEY, JWK_RIGHT };

/* NO_KEY: none of the set has its kid and algorithm; with no kid, none has the algorithm. */
enum jwk_result jwk_check(const struct jwk_set *s, const struct jwt *j);

#endif
