/* session: from a new connection to one that is ready for MAIL: greeting, TLS, EHLO, login. */

#ifndef SEND_SESSION_H
#define SEND_SESSION_H

#include "send/hop.h"

enum session_result {
  SESSION_READY,
  SESSION_FAILED, /* *why says it; another host may do better */
  SESSION_CLEAR,  /* TLS was offered but failed, and need not be: connect again, in clear */
  SESSION_LOOP    /* the server is this host */
};

/* host: as it is asked for and verified. allow_tls: false after SESSION_CLEAR. */
enum session_result send_session_open(struct client *c, const struct hop *hop, const char *host, bool allow_tls,
                                      struct outcome *why);

#endif
