/* look: one message of the queue with what was said last about each of its recipients. */

#ifndef QUEUE_LOOK_H
#define QUEUE_LOOK_H

#include "lib/queue.h"
#include "lib/said.h"

struct queue_look {
  struct queue_file file;
  struct said *said; /* one for each recipient; 0: not read */
};
#define QUEUE_LOOK_ZERO { .file = QUEUE_FILE_ZERO }

/* Ended by queue_look_close, whatever the result. What is damaged is named on fd 2; a disk that refuses ends the program. */
enum queue_result queue_look_open(struct queue_look *l, const char *id);

/* The same without what was said, for who may not need it; and that, if it was not read yet. */
enum queue_result queue_look_glance(struct queue_look *l, const char *id);
void queue_look_hear(struct queue_look *l);

void queue_look_close(struct queue_look *l);

#endif
