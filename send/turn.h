/* turn: a connection that has done its work takes the next message of its lane's line at once, since a new connection costs more
   than a message; not for ever, so that lanes without a connection have their turn. */

#ifndef SEND_TURN_H
#define SEND_TURN_H

#include "send/link.h"

/* l was just kept. Nothing happens if it was not, if nobody stands in line, or if it was its turn for long enough. */
void send_turn_again(struct send_schedule *s, struct send_link *l);

#endif
