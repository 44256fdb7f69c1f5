/* limit: what control/destinationrate lets go to a destination, counted in state/limits/mail-send, so that a restart doubles nothing. */

#ifndef SEND_LIMIT_H
#define SEND_LIMIT_H

#include "send/schedule.h"

/* Reads the control file; if it has changed, the lanes are told. What cannot be understood ends the program. */
void send_limits_read(struct send_schedule *s);

/* How many of so many recipients may go now, which are counted; 0: none, and the lane waits. */
size_t send_limit_take(struct send_schedule *s, struct send_lane *lane, size_t wanted);
void send_limit_give(struct send_schedule *s, const struct send_lane *lane, size_t count); /* it did not go after all */

/* May the destination have another connection? */
bool send_limit_has_connection(const struct send_schedule *s, const struct send_lane *lane);

/* "waits for the rate limit of far.test: 100/minute" */
void send_limit_say(const struct send_lane *lane, text *words);

#endif
