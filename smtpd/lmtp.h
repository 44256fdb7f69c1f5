/* lmtp: final delivery of a message that came by LMTP (RFC 2033 4.2): an answer for each accepted recipient, in their order.

   A mailbox gets the message through mailbox-spawn, now. Where a recipient leads elsewhere too, that part is queued. One that
   leads to a single mailbox hears what became of it. Of one that leads to several (a list, a forward with a copy here) the
   parts that did not arrive are queued as soon as one has arrived: to be told "try again" about it would double the others.
   A report of a delivery that the sender asked for is send-schedule's, who is handed the recipient as delivered.
   250 means that every part is on disk. Whoever has not heard an answer may ask again: then a message may come twice. */

#ifndef SMTPD_LMTP_H
#define SMTPD_LMTP_H

#include "smtpd/message.h"

void lmtp_recipient_begin(struct session *s); /* before RCPT is decided: what it leads to is its own, also if another did too */
void lmtp_recipient_end(struct session *s, const char *address); /* it was accepted */

void lmtp_refuse(struct session *s, const char *answer); /* the same answer for each recipient */
void lmtp_deliver(struct session *s, struct message *m); /* of a message that is kept (message_keep) */

#endif
