/* scan: finds the messages on the disk: all of them at the start, a piece in each pass of the loop, so that new mail is
   served meanwhile; later, now and then, new ones of which no notice came. */

#ifndef SEND_SCAN_H
#define SEND_SCAN_H

#include "send/schedule.h"

void send_scan_start(struct send_schedule *s);     /* at the start: queue/new, then queue/cur */
void send_scan_start_new(struct send_schedule *s); /* later: queue/new, if no scan is under way */
bool send_scan_is_busy(void);
bool send_scan_is_reading(void); /* there may be messages that are not known yet */
bool send_scan_has_counted(void); /* the first one is over, and what was said before is known, too */
void send_scan_work(struct send_schedule *s);      /* one piece */

#endif
