/* sums: the whole queue counted by cause and destination, for one who asks, a piece at a time so that mail flows meanwhile. */

#ifndef SEND_SUMS_H
#define SEND_SUMS_H

#include "send/schedule.h"

struct send_sums;

struct send_sums *send_sums_start(void);
void send_sums_free(struct send_sums *sums);

/* Goes on. True: all is counted, and answered on this socket. */
bool send_sums_work(const struct send_schedule *s, struct send_sums *sums, int socket);

#endif
