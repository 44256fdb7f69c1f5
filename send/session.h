/* session: from a new connection to one that is ready for MAIL: greeting, TLS, EHLO, login. */

#ifndef SEND_SESSION_H
#define SEND_SESSION_H

#include "send/tlsplan.h"

enum session_result {
  SESSION_READY,
  SESSION_FAILED, /* *why says it; another host may do better */
  SESSION_CLEAR,  /* TLS was offered but failed, and need not be: connect again, in clear */
  SESSION_LOOP,   /* the server is this host */
  SESSION_UNFIT   /* it is ready, but not for a message that requires TLS (send/dial) */
};

/* By the plan for this host. allow_tls: false after SESSION_CLEAR. */
enum session_result send_session_open(struct client *c, const struct tls_plan *plan, bool allow_tls, struct outcome *why);

/* "yes"; "host": it is the host that it says it is, but nobody vouches for that as the domain's (RFC 7672 2.2.1); "no". */
const char *send_session_verified(const struct client *c);

/* May a message that requires TLS (RFC 8689 4.2.1) go over this session? */
bool send_session_suits_requiretls(const struct client *c);

#endif
