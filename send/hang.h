/* hang: deliveries that do not come to an end. Whoever has a mailbox's uid can stop what delivers to it (a user of this host
   by a signal), so one that hangs neither takes the others' room in the lane, nor gets more of the same mailbox (check 32). */

#ifndef SEND_HANG_H
#define SEND_HANG_H

#include "send/link.h"

bool send_hangs(const struct send_schedule *s, const char *mailbox); /* does a delivery to the mailbox? */
void send_hang_note(struct send_schedule *s, struct send_link *l, bool hangs);

#endif
