/* control: who calls send-schedule: queue-add with notices of new messages, qctl with the operator's wishes. */

#ifndef SEND_CONTROL_H
#define SEND_CONTROL_H

#include "send/schedule.h"

struct send_caller;

void send_control_init(struct send_schedule *s); /* the listening socket is fd 0; finds who may call, or dies */
void send_control_accept(struct send_schedule *s);
void send_control_work(struct send_schedule *s, struct send_caller *c); /* its socket can be read */

/* Wishes about all messages are done a piece in each pass. */
bool send_control_is_busy(const struct send_schedule *s);
void send_control_go_on(struct send_schedule *s);
void send_control_bury(struct send_schedule *s); /* frees the callers that are gone, between two passes */

#endif
