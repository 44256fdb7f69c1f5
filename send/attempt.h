/* attempt: opens a message that is due, finds the way of each recipient, and starts as much as there is room for. */

#ifndef SEND_ATTEMPT_H
#define SEND_ATTEMPT_H

#include "send/schedule.h"

/* The entry stands in no line and waits for no time. */
void send_attempt_start(struct send_schedule *s, struct send_entry *e);

/* It is this lane's turn to start a packet of an open attempt, or to open it. */
void send_attempt_turn(struct send_schedule *s, struct send_entry *e, struct send_lane *lane);

/* A packet, or the report, has ended: goes on, waits in line, or concludes. */
void send_attempt_settle(struct send_schedule *s, struct send_attempt *a);

/* Of what has begun no more is begun: it concludes when what is under way has ended, or at once. The entry may be gone afterwards. */
void send_attempt_stop(struct send_schedule *s, struct send_attempt *a);

/* Every minute: what an attempt has come to is written down although others of its recipients still wait in line. */
void send_attempts_keep_house(struct send_schedule *s);

/* Has anything of it begun that is not written down yet: a delivery, a report? */
bool send_attempt_is_running(const struct send_entry *e);

/* Out of all lines and times; its attempt, of which nothing has begun, is closed. */
void send_attempt_set_aside(struct send_schedule *s, struct send_entry *e);

void send_attempt_close(struct send_schedule *s, struct send_attempt *a); /* the entry remains */

#endif
