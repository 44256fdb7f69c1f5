/* summary: why and where to the messages of the queue wait, counted. Struct in, bytes out. */

#ifndef QUEUE_SUMMARY_H
#define QUEUE_SUMMARY_H

#include <stdbool.h>

#include "queue/look.h"
#include "lib/tally.h"

struct queue_summary {
  struct tally causes;
  struct tally destinations;
  size_t messages;
};

void queue_summary_add(struct queue_summary *s, const struct queue_look *l);
void queue_summary_text(const struct tally *t, const char *what, uint64_t now_seconds, text *out);

/* ,"KEY":[{...},...] */
void queue_summary_json(const struct tally *t, const char *key, const char *what, text *out);

#endif
