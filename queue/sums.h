/* sums: the whole queue counted by send-schedule, which has it in memory. */

#ifndef QUEUE_SUMS_H
#define QUEUE_SUMS_H

#include "queue/summary.h"

struct queue_sums {
  size_t messages;
  size_t recipients; /* to go */
  uint64_t bytes;
  uint64_t oldest_seconds; /* birth */
};

/* Adds to both; unread: "unread=ID" for each message that is to be read by the caller. False: send-schedule does not run, is still
   reading, or does not answer this user. */
bool queue_sums_ask(struct queue_sums *sums, struct queue_summary *summary, text *unread);

#endif
