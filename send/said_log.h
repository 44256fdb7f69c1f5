/* said_log: what was said about recipients is appended to queue/log/ID (lib/said). */

#ifndef SEND_SAID_LOG_H
#define SEND_SAID_LOG_H

#include "send/schedule.h"

/* A line about an item's outcome, in this attempt. */
void send_said_add(const struct send_schedule *s, const struct send_attempt *a, const struct send_item *i, text *lines);
void send_said_write(const struct send_attempt *a, const text *lines);

/* What is the matter with an item that was not tried yet: its outcome says it. */
void send_said_waits(const struct send_schedule *s, struct send_attempt *a, size_t item);

#endif
