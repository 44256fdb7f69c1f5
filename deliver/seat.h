/* seat: how many IMAP sessions of one mailbox one address has (N-118). A session holds the lock of one byte of a file in the
   mailbox's folder; the kernel lets go of it when the process ends, however it ends. */

#ifndef DELIVER_SEAT_H
#define DELIVER_SEAT_H

#include "lib/tables.h"

enum { SEAT_MAX = 1024 };

/* How many an address may have: control/concurrencyimapuser, and five times as many in mynetworks. 0: no limit. */
unsigned int seat_count(struct tables *policy, const char *ip);

/* In the mailbox's folder, as its owner. False: all max (at most SEAT_MAX) are taken; 0: there is no limit. The seat is held
   until the process ends. What cannot be counted is not limited. */
bool seat_take(const char *ip, unsigned int max);

#endif
