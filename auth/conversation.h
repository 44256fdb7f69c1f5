/* conversation: one call of auth-server's: what was asked, how far it is, and what is answered and logged (doc/calls.md, "The login"). */

#ifndef AUTH_CONVERSATION_H
#define AUTH_CONVERSATION_H

#include "auth/login.h"
#include "auth/sasl.h"
#include "lib/record.h"

struct conversation {
  int socket;
  text request;        /* what began the attempt: service, mechanism, ip, tls */
  struct sasl sasl;
  text name, acts_for; /* who logs in, and for whom, if not for himself */
  text identity;       /* what tls-server says of the client's certificate */
  text stored;         /* the keys that SCRAM was begun with, as they are stored */
  struct login_answer login;
  bool is_concluding;  /* SCRAM: our proof is out, which is the last challenge */
  bool is_refused;     /* a token: why it is not taken is out, the same */
  bool is_in_exchange; /* a challenge is out */
  bool may_start;      /* the last attempt was right, for imap or pop3 */
  bool is_root;        /* the caller */
  bool is_test;        /* it is auth-test: he is told all that is known, and nothing is counted */
};

void conversation_take_names(struct conversation *c); /* what was said as a name is known */

/* One packet. key and value: 0, or what is said beside the word. */
void conversation_answer(struct conversation *c, const char *word, const char *key, const char *value);
void conversation_challenge(struct conversation *c); /* the one that sasl has made */
void conversation_say_yes(struct conversation *c);   /* the exchange is still to be ended */
void conversation_log(const struct conversation *c, const char *result);

/* These log, answer and end the exchange. */
void conversation_refuse(struct conversation *c, const char *reason);
void conversation_postpone(struct conversation *c); /* login.error says why */
void conversation_tell(struct conversation *c, enum login_result result);

void conversation_end(struct conversation *c); /* the exchange, not the call */

#endif
