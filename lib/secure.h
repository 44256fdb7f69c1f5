/* secure: TLS for the client on fd 0 and 1. The socket goes to tls-server, which holds the key; a socket with the
   plaintext comes back and takes its place. */

#ifndef LIB_SECURE_H
#define LIB_SECURE_H

#include "lib/text.h"

#define SECURE_AUTHORITIES "control/clientca" /* PEM: whose certificates say which addresses a client has; for tls-server */
#define SECURE_REVOCATIONS "control/clientcrl" /* PEM: their lists of revoked certificates */

/* The certificate that a client has shown. identity: what tls-server itself says of it (doc/calls.md, "The certificate"), a file that nobody else can have
   written, for auth-server; 0: it showed none. */
struct secure_certificate {
  text fingerprint; /* SHA-256 in hex, ended by a NUL; empty: none */
  bool is_vouched;  /* by an authority of control/clientca */
  int identity;
};
void secure_forget(struct secure_certificate *c);

/* A call to tls-server; -1 with an event in the log: it is not there, now. */
int secure_open(const char *ip);

/* The handshake, on that call, which is closed. tls: protocol and cipher. certificate: 0, or the client is asked for
   one. False with an event in the log: it failed, and
   the client's connection cannot be used any more. bindings: what a login can be bound to, a record of exporter= and endpoint=
   in base64 (doc/calls.md, "The login"); empty: nothing. */
bool secure_start(int call, const char *ip, unsigned int seconds, text *tls, struct secure_certificate *certificate, text *bindings);

#endif
