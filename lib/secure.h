/* secure: TLS for the client on fd 0 and 1. The socket goes to tls-server, which holds the key; a socket with the
   plaintext comes back and takes its place. */

#ifndef LIB_SECURE_H
#define LIB_SECURE_H

#include "lib/text.h"

/* A call to tls-server; -1 with an event in the log: it is not there, now. */
int secure_open(const char *ip);

/* The handshake, on that call, which is closed. tls: protocol and cipher. fingerprint: 0, or the client is asked for a
   certificate: SHA-256 of the one it showed, "" if it showed none. False with an event in the log: it failed, and
   the client's connection cannot be used any more. bindings: what a login can be bound to, a record of exporter= and endpoint=
   in base64 (doc/calls.md, "The login"); empty: nothing. */
bool secure_start(int call, const char *ip, unsigned int seconds, text *tls, text *fingerprint, text *bindings);

#endif
