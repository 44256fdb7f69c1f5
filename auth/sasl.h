/* sasl: the server's side of SASL PLAIN (RFC 4616) and LOGIN, bytes to login and password, without I/O. */

#ifndef AUTH_SASL_H
#define AUTH_SASL_H

#include "lib/text.h"

enum { SASL_RESPONSE_MAX = 8192, SASL_LOGIN_MAX = 512 };

enum sasl_result {
  SASL_FOREIGN = -2,   /* as it should be, but it asks to act as somebody else: the exchange is over */
  SASL_MALFORMED = -1, /* not what the mechanism says, or too long: the exchange is over */
  SASL_MORE,           /* send challenge, come back with the response */
  SASL_DONE            /* login and password are there */
};

struct sasl {
  const struct sasl_mechanism *mechanism;
  unsigned int step;
  const char *challenge; /* after SASL_MORE */
  text login;            /* in lower case, an address as lib/address folds it; ended by a NUL */
  text password;         /* ended by a NUL */
};
#define SASL_ZERO { .login = TEXT_ZERO, .password = TEXT_ZERO }

bool sasl_begin(struct sasl *s, const char *mechanism); /* false: there is none of that name */

/* bytes: the decoded response, 0 at the start if the client sent none with its command. */
enum sasl_result sasl_step(struct sasl *s, const char *bytes, size_t length);

void sasl_end(struct sasl *s); /* wipes what was said */

#endif
