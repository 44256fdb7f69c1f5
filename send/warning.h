/* warning: the sender of a message that waits too long is told so, once (control/delaywarning; RFC 3464 action delayed).
   doc/queue.md: the byte behind the attempts. */

#ifndef SEND_WARNING_H
#define SEND_WARNING_H

#include "send/schedule.h"

/* After an attempt that left recipients to be tried: is the warning due now? Reads the message's header. */
bool send_warning_is_due(struct send_schedule *s, const struct send_attempt *a, const enum envelope_state *states);

/* Is the warning about this recipient? RFC 3461 4.1: if its sender said when he wants to hear, only if he said DELAY. If he did not say
   it, not if he is somebody whom a stranger named, and who may be forged. */
bool send_warning_is_about(struct send_schedule *s, const struct envelope *e, const struct envelope_recipient *r);

/* Has the sender been checked by anything? What a stranger brought to port 25 may name anybody. */
bool send_warning_knows_sender(struct send_schedule *s, const struct envelope *e);

#endif
