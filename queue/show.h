/* show: one message of the queue as text for people, or as one JSON object. Struct in, bytes out. */

#ifndef QUEUE_SHOW_H
#define QUEUE_SHOW_H

#include "lib/queue.h"
#include "lib/said.h"

/* said: the last words about each recipient of the envelope (said_read_last). */
void queue_show_text(text *out, const struct queue_file *f, const struct said *said, uint64_t now_seconds);
void queue_show_json(text *out, const struct queue_file *f, const struct said *said, uint64_t now_seconds);

/* As mailq of Postfix shows it: people and scripts know the columns. head before the first message, sum behind the last. */
void queue_mailq_head(text *out);
void queue_mailq_add(text *out, const struct queue_file *f, const struct said *said);
void queue_mailq_sum(text *out, size_t messages, uint64_t bytes);

void queue_show_plain(text *out, const char *value); /* without controls */
void queue_show_said(text *out, const struct said *s); /* "REMOTE: CODE STATUS TEXT", what there is of it */
void queue_show_time(text *out, uint64_t seconds); /* "2026-11-21T15:00:00Z" */
void queue_show_span(text *out, uint64_t seconds); /* "3 h 20 min" */
void queue_show_size(text *out, uint64_t bytes);   /* "4.1 KB" */

#endif
