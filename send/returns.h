/* returns: what failed for good, is late, or was delivered to who wants to know, goes back to the sender, as a report (send/report.h) queued under an id that is derived
   from the message's and the attempt's number, so that a crash cannot make a second one. */

#ifndef SEND_RETURNS_H
#define SEND_RETURNS_H

#include "send/schedule.h"

/* Has it recipients in a state from which a report leads on (f, d), or is the warning of a delay due? */
bool send_returns_are_due(const struct envelope *e);

/* The attempt is open, and a report is due. Ends with its recipients marked F and D, at once or when queue-add answered, or
   with another try later. */
void send_returns_start(struct send_schedule *s, struct send_attempt *a);

/* dkim-sign has answered; an empty record: it did not. The report, now the callee's to close, goes on with its signature, or without one. */
void send_returns_signed(struct send_schedule *s, struct send_attempt *a, int report, const text *answer);

/* queue-add has answered; an empty record: it did not. */
void send_returns_answered(struct send_schedule *s, struct send_attempt *a, const text *answer);

/* Is it a report about a message whose recipients are not marked F or D yet? Then it waits: else the message, read again after
   a crash, would ask for this report a second time, when nobody knows its id any more. */
bool send_returns_is_early(const char *id);

#endif
