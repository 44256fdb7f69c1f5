/* dial: the addresses of one host, tried until there is a session (which hosts: send/hop). */

#ifndef SEND_DIAL_H
#define SEND_DIAL_H

#include "send/tlsplan.h"

/* How near it came to a session. */
enum dial_rank {
  DIAL_NOTHING, /* nothing was tried */
  DIAL_NO_WAY,  /* no route, no source address, no answer from DNS */
  DIAL_MISSED,  /* no connection */
  DIAL_SPOKE    /* a connection, but no session */
};

/* What is known while one host after the other is tried. */
struct dial {
  const struct hop *hop;
  struct client *c;
  struct outcome *why; /* of what came nearest to a session, as are the next three */
  enum dial_rank rank;
  text remote;
  bool was_late;
  unsigned int connect_seconds;
  unsigned int tried;  /* addresses */
  bool was_later;      /* something failed that may do better later */
  bool lacks_requiretls; /* a host was passed over, to which a message that requires TLS may not go */
  bool is_loop;        /* the host is ourselves */
  struct tls_search tls;
  struct tls_plan plan; /* of the host that is tried */
};

bool send_dial_is_address(const char *name); /* of IPv4 or IPv6, without brackets */

/* A session that is ready for MAIL. False: none of its addresses would do, and *why may say it. */
bool send_dial_host(struct dial *d, const char *host);

bool send_dial_is_done(const struct dial *d); /* no other host is to be tried */

/* When no host would do: the client, too, tells what *why tells of. Frees what the dial has. */
void send_dial_end(struct dial *d);

#endif
