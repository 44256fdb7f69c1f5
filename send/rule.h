/* rule: what the relay rule of a hop says that only mail-remote knows: tables/current/relay.cdb, doc/tables.md. */

#ifndef SEND_RULE_H
#define SEND_RULE_H

#include "send/hop.h"

/* Reads hop->facts anew, for each connection, so that a changed rule counts at once (N-88); nothing to read is no failure.
   False: why not. What relay-test has given is left as it is. */
bool send_rule_read(struct hop *hop, struct outcome *why);

/* Is this one of the rule's hosts? A message that stands in line since before the rule was changed is on its way to another, which is not to
   hear the rule's login. */
bool send_rule_leads_to(const struct hop *hop, const char *host, unsigned int port);

/* The source address for a connection to this one; "" if the rule names none. False: it names one of the other family only. */
bool send_rule_source(const struct hop *hop, const char *address, const char **source);

/* "relay rule NAME", for people. */
const char *send_rule_name(const struct hop *hop);

#endif
