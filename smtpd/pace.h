/* pace: how much a client may: rate limits (control/ratelimit), the delay before the banner, the tarpit, and how many unknown
   recipients. The commands ask; what pace answers is in the log. Its settings are read when they are first needed in a
   session; the store of counters (lib/limits) is opened only where something is configured. */

#ifndef SMTPD_PACE_H
#define SMTPD_PACE_H

#include "lib/address.h"
#include "lib/limits.h"
#include "lib/policy.h"
#include "smtpd/rates.h"

struct session;

struct pace {
  struct limits *store;
  bool tried_store;
  bool read_rates;
  struct rates rates;
  bool counted_login;       /* this session is in the login's connections */
  bool has_taken;           /* the message is in the counters, and not accepted yet */
  unsigned int recipients;  /* RCPTs of this session */
  unsigned int unknown;     /* of these nobody is there */
  uint64_t tarpit_count, tarpit_seconds, unknown_max;
  bool read_tarpit, read_unknown;
  uint64_t new_seconds;     /* greylisting: the message from <> has a new recipient, and is told so at DATA */
};

struct limits *pace_store(struct session *s); /* 0: there is none */

bool pace_begin(struct session *s);  /* before the banner. False: the client was told to go */
bool pace_mail(struct session *s);   /* MAIL, when all else is right. False: it is answered */

bool pace_rcpt(struct session *s, struct policy_decision *d); /* RCPT, before it is decided. False: d says why not */
void pace_delay(struct session *s);                           /* before the answer to RCPT */
void pace_unknown(struct session *s, const struct policy_decision *d); /* behind a refusal: it may have been one too many */

const char *pace_data(struct session *s); /* DATA, or the first BDAT: what the message takes is taken. Else the answer, logged */
void pace_accepted(struct session *s); /* it is used */
void pace_reset(struct session *s);    /* the transaction is over: what was taken and not used is given back */
void pace_forget(struct session *s);   /* the client is another one: XCLIENT */

void pace_rates_read(struct rates *rates); /* control/ratelimit; what cannot be understood ends the program */

/* control/ratelimit at work (pace_rate.c). False: d says what was reached. What cannot be counted is not limited. */
bool pace_rate_connection(struct session *s, enum rates_kind kind, struct policy_decision *d);               /* takes one */
bool pace_rate_look(struct session *s, enum rates_thing thing, uint64_t amount, struct policy_decision *d);
bool pace_rate_message(struct session *s, struct policy_decision *d);  /* takes a message and its recipients */
void pace_rate_give(struct session *s);                                /* the same, back */

#endif
