/* claims: what an access token says of itself, as JSON: the claims of a JWT (RFC 7519, RFC 9068), or what introspection answers (RFC 7662). Is it
   one that we take, and whose is it? No I/O. Uses jansson. */

#ifndef AUTH_CLAIMS_H
#define AUTH_CLAIMS_H

#include "auth/oauth.h"

enum { CLAIMS_USER_MAX = 512 };

enum claims_verdict { CLAIMS_REFUSED = -2, CLAIMS_LACK_SCOPE = -1, CLAIMS_GOOD };

struct claims {
  text user;          /* after GOOD: the login, as it stands there */
  int64_t until;      /* seconds since 1970: it is not good after that; INT64_MAX: nothing is said */
  const char *reason; /* why not, for the log */
};
#define CLAIMS_ZERO { .user = TEXT_ZERO, .reason = "" }

/* bytes: a JSON object. A JWT's: issuer, audience and exp have to be there. */
enum claims_verdict claims_judge_jwt(struct claims *c, const char *bytes, size_t length, const struct oauth *o, int64_t now);

/* active has to be true; what else is asked for has to be right where it is said, and said where it is the audience. */
enum claims_verdict claims_judge_introspection(struct claims *c, const char *bytes, size_t length, const struct oauth *o, int64_t now);

void claims_free(struct claims *c);

#endif
