/* items: from the recipients of an envelope that are to be tried to where they go, by lib/policy. */

#ifndef SEND_ITEMS_H
#define SEND_ITEMS_H

#include "send/schedule.h"

void send_items_make(struct send_schedule *s, struct send_attempt *a);
void send_items_free(struct send_attempt *a);

/* Which destinations of a recipient that leads to several have it by now, so that a later attempt leaves them out. Not on the disk: after a
   restart they get it again. */
void send_items_remember(const struct send_attempt *a);

/* The item is over, with this outcome and who said it. */
void send_item_end(struct send_attempt *a, struct send_item *i, enum said_verdict verdict, const char *status, const char *text);

/* Who said it, and how it was sent: what is the same for all recipients of an answer (doc/calls.md, "The outcome"). */
void send_item_take(struct send_item *i, const text *answer);

#endif
