/* login: IMAP before the login: a client of which nothing is known yet. */

#ifndef IMAP_LOGIN_H
#define IMAP_LOGIN_H

#include "imap/command.h"
#include "imap/wire.h"
#include "lib/authenticate.h"
#include "lib/mechanisms.h"
#include "lib/peer.h"

struct imap_login {
  const struct peer *peer;
  struct imap_wire wire;
  struct imap_command command;
  text tls;                 /* protocol and cipher; empty: in clear */
  unsigned int failed_tries;
  unsigned int useless;     /* commands that led nowhere */
  text bindings;            /* of TLS: what a login can be bound to (lib/secure) */
  struct secure_certificate certificate; /* the client's */
  struct authenticate authenticate;
  struct tables *tables;    /* policy: is SCRAM offered? */
  bool ends;                /* also: somebody else speaks to the client now */
};

void imap_login_reply(struct imap_login *l, const char *words); /* "TAG words" */

struct mechanisms imap_login_mechanisms(const struct imap_login *l); /* what is offered, over TLS */

/* LOGIN and AUTHENTICATE, by auth-server. */
void imap_login_password(struct imap_login *l);
void imap_login_authenticate(struct imap_login *l);

#endif
