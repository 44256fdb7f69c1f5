/* login: we say who we are at a relay, RFC 4954, with what its rule says (send/rule). */

#ifndef SEND_LOGIN_H
#define SEND_LOGIN_H

#include "send/session.h"

/* Ready too if there is no login for this host, whose name it is. */
enum session_result send_login(struct client *c, const struct hop *hop, const char *host, struct outcome *why);

#endif
