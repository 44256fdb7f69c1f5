/* login: IMAP before the login: a client of which nothing is known yet. */

#ifndef IMAP_LOGIN_H
#define IMAP_LOGIN_H

#include "imap/command.h"
#include "imap/wire.h"
#include "lib/mechanisms.h"
#include "lib/peer.h"

enum imap_login_result {
  IMAP_LOGIN_NO,      /* the tagged answer is given, the client may try again */
  IMAP_LOGIN_STARTED  /* somebody else speaks to the client now */
};

struct imap_login {
  const struct peer *peer;
  struct imap_wire wire;
  struct imap_command command;
  text tls;                 /* protocol and cipher; empty: in clear */
  unsigned int failed_tries;
  unsigned int useless;     /* commands that led nowhere */
  int call;                 /* to auth-server; -1: none */
  text bindings;            /* of TLS: what a login can be bound to (lib/secure) */
  struct secure_certificate certificate; /* the client's */
  struct tables *tables;    /* policy: is SCRAM offered? */
  bool ends;
};

void imap_login_reply(struct imap_login *l, const char *words); /* "TAG words" */

struct mechanisms imap_login_mechanisms(const struct imap_login *l); /* what is offered, over TLS */

/* LOGIN and AUTHENTICATE, by auth-server. */
enum imap_login_result imap_login_password(struct imap_login *l);
enum imap_login_result imap_login_authenticate(struct imap_login *l);

#endif
