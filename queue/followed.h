/* followed: which messages qstat --follow tells of: those of a selection. What was one of them stays one until it has left, so
   that its last recipient's end is told, too. */

#ifndef QUEUE_FOLLOWED_H
#define QUEUE_FOLLOWED_H

#include "queue/select.h"

struct queue_followed {
  struct queue_select select;
  void *known; /* a tree of those that are in the queue, with their birth */
  size_t count; /* of them */
};

/* Is this one told of? It is remembered if the selection means it, whatever its age is now. */
bool queue_followed_has(struct queue_followed *f, const struct queue_look *l, uint64_t now_seconds);

/* It has left: was it one of them? It is forgotten. */
bool queue_followed_leave(struct queue_followed *f, const char *id, uint64_t now_seconds);

#endif
