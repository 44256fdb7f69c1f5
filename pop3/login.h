/* login: POP3 before the login: a client of which nothing is known yet. */

#ifndef POP3_LOGIN_H
#define POP3_LOGIN_H

#include "lib/authenticate.h"
#include "lib/mechanisms.h"
#include "lib/peer.h"
#include "pop3/listen.h"

struct pop3_login {
  const struct peer *peer;
  struct imap_wire wire;
  struct pop3_line line;
  struct pop3_command command;
  text tls;                 /* protocol and cipher; empty: in clear */
  text user;                /* of USER, ended by a NUL; empty: none */
  bool is_utf8;             /* UTF8 was said */
  unsigned int failed_tries;
  unsigned int useless;     /* commands that led nowhere */
  text bindings;            /* of TLS: what a login can be bound to (lib/secure) */
  struct secure_certificate certificate; /* the client's */
  struct authenticate authenticate;
  struct tables *tables;    /* policy: is SCRAM offered? */
  bool ends;
};

struct mechanisms pop3_login_mechanisms(const struct pop3_login *l); /* what is offered, over TLS */

/* PASS and AUTH, by auth-server. */
void pop3_login_password(struct pop3_login *l);
void pop3_login_authenticate(struct pop3_login *l);

#endif
