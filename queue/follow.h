/* follow: what happens in the queue from now on to the messages of a selection, told as it happens: came, tried, left. Reads
   queue/, asks nobody. */

#ifndef QUEUE_FOLLOW_H
#define QUEUE_FOLLOW_H

#include "queue/select.h"

_Noreturn void queue_follow(const struct queue_select *select, bool is_json);

#endif
