/* handover: what tls-server and tls-client have in common. A caller hands over a socket and gets another one back, on
   which it goes on in plaintext (doc/calls.md). */

#ifndef AUTH_HANDOVER_H
#define AUTH_HANDOVER_H

#include "lib/record.h"
#include "lib/tls.h"

enum { HANDOVER_SECONDS = 30 }; /* for the call, and for the handshake */

/* Receives the call on fd `call`: a record with what=WHAT and one descriptor, which is the result; -1 after a refusal. */
int auth_handover_receive(int call, const char *what, text *request);

/* Answers the call with the plaintext socket and carries bytes until both sides have ended; ends the call. */
void auth_handover_proceed(int call, struct tls *tls, int socket, const struct tls_verdict *verdict); /* 0: as server */

void auth_handover_refuse(int call, const char *error, const char *failure); /* failure: RFC 8460's word, or "" */

#endif
