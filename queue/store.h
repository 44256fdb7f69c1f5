/* store: makes a message durable: one file queue/new/ID (doc/queue.md, states Q0 and Q1). The order of the steps and
   its reasons are in doc/queue-add.md. */

#ifndef QUEUE_STORE_H
#define QUEUE_STORE_H

#include <sys/types.h>

#include "lib/text.h"

enum queue_store_result {
  QUEUE_STORE_REFUSED = -1, /* what was handed over is not a new message in our format */
  QUEUE_STORE_LATER,        /* the disk: nothing is queued, and nothing is left behind */
  QUEUE_STORE_THERE,        /* a message of this id is queued already */
  QUEUE_STORE_QUEUED        /* file and folder are on the disk */
};

struct queue_store {
  int folder;             /* queue/new, */
  dev_t device;           /* its disk, */
  uid_t uid;              /* and who makes files there */
  uint64_t size_bytes;    /* of the message stored last, and its envelope's sender and recipients: for the log */
  size_t recipients;
  text sender;
  text error;             /* why not, as a sentence */
  bool may_replace;       /* a file of the same id that was cut off before it was acknowledged */
  bool is_full;           /* LATER: the disk is full, rather than broken */
};
#define QUEUE_STORE_ZERO { .folder = -1, .sender = TEXT_ZERO, .error = TEXT_ZERO }

void queue_store_open(struct queue_store *s); /* or dies */

/* An unnamed file on the queue's disk, to be written by the caller and handed back; -1 with errno. */
int queue_store_file(const struct queue_store *s);

/* from: envelope and message. The descriptor stays the caller's. may_replace: see above; else such a file is LATER. */
enum queue_store_result queue_store_add(struct queue_store *s, int from, const char *id, bool may_replace);

#endif
