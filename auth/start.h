/* start: the socket of a client who has logged in by IMAP or POP3 goes on to mailbox-spawn. */

#ifndef AUTH_START_H
#define AUTH_START_H

#include "auth/login.h"
#include "lib/call.h"

/* facts: of the attempt, service=, ip= and tls=; packet: tag= and ahead= of its command; fds: the client's socket. "started", "limit" or "later", with a sentence in error. */
const char *auth_start(const struct login_answer *login, const text *facts, const text *packet, const struct call_fds *fds, text *error);

#endif
