/* login_server: what the programs have in common to which strangers connect and log in (imap-login, pop3-login): how they are called, limits,
   balancers, sandbox, tables. One session on fd 0 and 1, or, given a listening socket on fd 0, one for each connection (lib/serve). */

#ifndef LIB_LOGIN_SERVER_H
#define LIB_LOGIN_SERVER_H

#include "lib/peer.h"
#include "lib/tables.h"

enum {
  LOGIN_SERVER_HANDSHAKE_SECONDS = 60,
  LOGIN_SERVER_SILENT_SECONDS = 60,
  LOGIN_SERVER_LOGIN_SECONDS = 180,
  LOGIN_SERVER_USELESS_MAX = 20 /* commands without a login */
};

struct login_server {
  const char *plain, *secure;              /* words of -r: in clear at first, or TLS from the start */
  const char *concurrency, *concurrency_client; /* control files: connections, of all and of a network */
  const char *refusal;                     /* too many connections, as a line of the protocol */
  void (*session)(int in, int out, const struct peer *peer);
  bool is_secure;                          /* -r secure was said */
  struct tables tables;                    /* policy; a child finds them open */
};

/* PROG is set already. Never the same server twice in one process. */
int login_server(struct login_server *s, int argc, const char *const *argv);

#endif
