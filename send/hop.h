/* hop: where a connection of smtp-send goes (doc/calls.md, "The hop"), and the way to a session there: hosts in the order
   of RFC 5321 5.1, their addresses, the next one when one is dead. */

#ifndef SEND_HOP_H
#define SEND_HOP_H

#include "send/client.h"

enum hop_tls {
  HOP_TLS_MAY,     /* if it is offered; nobody is verified; in clear if the handshake fails */
  HOP_TLS_ENCRYPT, /* STARTTLS or nothing; nobody is verified */
  HOP_TLS_VERIFY,  /* STARTTLS or nothing; the certificate bears the host's name */
  HOP_TLS_TLS,     /* TLS from the first byte; the certificate bears the host's name, or its fingerprint is known */
  HOP_TLS_FINGERPRINT, /* STARTTLS or nothing; the certificate's fingerprint is known: by the rule, or by the hop */
  HOP_TLS_OFF      /* never */
};

struct hop {
  bool is_mx;
  text name;         /* the domain, or the host without brackets */
  unsigned int port;
  text rule;         /* the relay rule, or empty */
  text pins;         /* fingerprint=... that the hop brought itself: a relayed domain has no rule */
  text facts;        /* of the rule: protocol, login, password, tokenfile, fingerprint, source (send/rule) */
  enum hop_tls tls;
  text helo;         /* what this host is called */
};
#define HOP_ZERO { .name = TEXT_ZERO, .rule = TEXT_ZERO, .pins = TEXT_ZERO, .facts = TEXT_ZERO, .helo = TEXT_ZERO }

/* Reads control/helohost or control/me too. False: this is not a hop. */
bool send_hop_parse(struct hop *hop, const text *record);

bool send_hop_is_verified(const struct hop *hop); /* nobody else can be at its end */

/* A session that is ready for MAIL. False: why not, for all recipients, in *why. */
bool send_hop_reach(struct hop *hop, struct client *c, struct outcome *why);

#endif
