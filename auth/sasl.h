/* sasl: the server's side of SASL PLAIN (RFC 4616) and LOGIN, bytes to login and password; of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (auth/scram), bytes
   to login and proof; of OAUTHBEARER and XOAUTH2 (auth/bearer), bytes to token; of EXTERNAL (RFC 4422 A); without I/O. */

#ifndef AUTH_SASL_H
#define AUTH_SASL_H

#include "auth/bearer.h"
#include "auth/scram.h"

enum { SASL_RESPONSE_MAX = 8192, SASL_LOGIN_MAX = 512 };

enum sasl_result {
  SASL_UNBOUND = -3,   /* it does not bind the channel as it should: the exchange is over */
  SASL_FOREIGN = -2,   /* as it should be, but it asks to act as somebody else: the exchange is over */
  SASL_MALFORMED = -1, /* not what the mechanism says, or too long: the exchange is over */
  SASL_MORE,           /* send challenge, come back with the response */
  SASL_KEYS,           /* login is there: fill keys, then sasl_challenge */
  SASL_TOKEN,          /* token is there, or empty; and login, which may be empty: is it his? If not: sasl_refuse */
  SASL_CERTIFICATE,    /* login is there, or empty: that of the client's certificate */
  SASL_DONE            /* login and password are there, or login and whether the client has proved to have the keys */
};

struct sasl {
  const struct sasl_mechanism *mechanism;
  unsigned int step;
  const char *challenge; /* after SASL_MORE */
  text login;            /* in lower case, an address as lib/address folds it; ended by a NUL */
  text acts_for;         /* whose mailbox is asked for, if it is not the login's (PLAIN): the authorization identity, folded as the login */
  text password;         /* ended by a NUL */
  text token;            /* the same */
  struct scramkeys keys; /* of the login */
  struct auth_scram scram;
  text message;          /* the last one of SCRAM */
  bool is_proved;        /* then challenge is sent once more, if the login is let in: our proof. It is answered by nothing. */
};
#define SASL_ZERO { .login = TEXT_ZERO, .acts_for = TEXT_ZERO, .password = TEXT_ZERO, .token = TEXT_ZERO, .keys = SCRAMKEYS_ZERO, .scram = AUTH_SCRAM_ZERO, .message = TEXT_ZERO }

/* channel: a record that stays until the end, see auth/scram.h. False: there is none of that name, or it binds a channel that
   cannot be bound. */
bool sasl_begin(struct sasl *s, const char *mechanism, const text *channel);

enum sasl_means { SASL_BY_PASSWORD, SASL_BY_KEYS, SASL_BY_TOKEN, SASL_BY_CERTIFICATE };
enum sasl_means sasl_means(const char *mechanism); /* of one that is not known: PASSWORD */
enum scramhash sasl_hash(const char *mechanism);   /* of whose keys, if it goes by keys */

/* bytes: the decoded response, 0 at the start if the client sent none with its command. */
enum sasl_result sasl_step(struct sasl *s, const char *bytes, size_t length);

void sasl_challenge(struct sasl *s, const char *nonce); /* after SASL_KEYS: makes the challenge */

void sasl_refuse(struct sasl *s, const struct bearer_refusal *r); /* after SASL_TOKEN: makes the challenge; whatever the client says to it, he is not let in */

void sasl_end(struct sasl *s); /* wipes what was said */

#endif
