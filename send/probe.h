/* probe: tries a hop without a message, for relay-test (N-84, N-85). */

#ifndef SEND_PROBE_H
#define SEND_PROBE_H

#include "send/hop.h"

/* The packet `what=probe`, with login= and password= if there is no rule that has them. Answers the call (doc/calls.md). */
void send_probe(int call, struct hop *hop, struct client *c, const text *packet);

#endif
