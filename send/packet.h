/* packet: what mailbox-spawn and smtp-send are asked about a message (doc/calls.md). No I/O. */

#ifndef SEND_PACKET_H
#define SEND_PACKET_H

#include "send/schedule.h"

void send_packet_start(text *packet, const char *what, const struct send_attempt *a, size_t item);

/* What the sender asked of every host (RFC 3461, 6531, 6710, 8689). */
void send_packet_add_facts(text *packet, const struct envelope *e);

/* Is the item's envelope sender the packet's? */
bool send_packet_has_sender(const struct send_attempt *a, size_t item, const text *packet);

/* Behind their recipient. */
void send_packet_add_parameters(text *packet, const struct envelope_recipient *r);

#endif
