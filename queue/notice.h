/* notice: tells send-schedule of a new message without waiting for it. A notice that is lost costs time, not mail:
   send-schedule looks through queue/new when it starts, when it is told that one was missed, and now and then. */

#ifndef QUEUE_NOTICE_H
#define QUEUE_NOTICE_H

void queue_notice_send(const char *id);

#endif
