/* jwt: the parts of a signed JWT (RFC 7515 7.1, RFC 7519), bytes to bytes, and its header. No I/O. Uses jansson. Whether the signature is right says
   auth/jwk. */

#ifndef AUTH_JWT_H
#define AUTH_JWT_H

#include "lib/text.h"

/* All that are taken; none and HMAC are not, whatever a header says. */
enum jwt_algorithm { JWT_UNKNOWN, JWT_RS256, JWT_PS256, JWT_ES256, JWT_EDDSA };

struct jwt {
  enum jwt_algorithm algorithm;
  text key;              /* kid, or empty */
  const char *signed_by; /* what is signed: the beginning of the token */
  size_t signed_length;
  text claims, signature;
  const char *reason;    /* why it is none, for the log */
};
#define JWT_ZERO { .key = TEXT_ZERO, .claims = TEXT_ZERO, .signature = TEXT_ZERO, .reason = "" }

bool jwt_has_form(const char *token, size_t length); /* three parts with points between: else it is opaque */
bool jwt_parse(struct jwt *j, const char *token, size_t length); /* false: it is none that could be checked. The token has to stay. */
enum jwt_algorithm jwt_algorithm(const char *name);
void jwt_free(struct jwt *j);

#endif
