/* hop: where a connection of smtp-send goes (doc/calls.md, "The hop"), and the way to a session there: hosts in the order
   of RFC 5321 5.1, their addresses, the next one when one is dead. */

#ifndef SEND_HOP_H
#define SEND_HOP_H

#include "send/client.h"
#include "send/tlspolicy.h"

struct hop {
  bool is_mx;
  text name;         /* the domain, or the host without brackets; the first of several */
  unsigned int port; /* of the host that is tried */
  text others;       /* next= and equal=: further hosts, in order of preference (send/hosts) */
  text rule;         /* the relay rule, or empty */
  text pins;         /* fingerprint=... that the hop brought itself: a relayed domain has no rule */
  text facts;        /* of the rule: protocol, login, password, tokenfile, fingerprint, source (send/rule) */
  enum hop_tls tls;
  text helo;         /* what this host is called */
  bool is_untold;    /* a report about TLS is on its way: its session is in no other */
  bool requires_tls; /* the message at hand does (RFC 8689): hosts that it may not go to are passed over */
};
#define HOP_ZERO { .name = TEXT_ZERO, .others = TEXT_ZERO, .rule = TEXT_ZERO, .pins = TEXT_ZERO, .facts = TEXT_ZERO, .helo = TEXT_ZERO }

/* Reads control/helohost or control/me too. False: this is not a hop. */
bool send_hop_parse(struct hop *hop, const text *record);

/* A session that is ready for MAIL. False: why not, for all recipients, in *why. */
bool send_hop_reach(struct hop *hop, struct client *c, struct outcome *why);

#endif
