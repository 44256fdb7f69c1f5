/* list: the ids of all messages in the queue, in the order of their arrival. */

#ifndef QUEUE_LIST_H
#define QUEUE_LIST_H

#include <stddef.h>

struct queue_list {
  char **ids;
  size_t count;
};

void queue_list_read(struct queue_list *l); /* from queue/new and queue/cur, or dies */

#endif
