/* tally: how many recipients and messages wait for each of something: a cause, a destination. No I/O. */

#ifndef QUEUE_TALLY_H
#define QUEUE_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct queue_tally_row {
  char *key;
  char *example; /* the words of one of them; "": none */
  size_t recipients;
  size_t messages;
  size_t last_message;
  uint64_t oldest_seconds; /* birth */
  struct queue_tally_row *chain;
};

struct queue_tally {
  struct queue_tally_row **slots; /* hash by key */
  size_t slot_count;              /* a power of 2 */
  size_t count;
};

/* One recipient; message: the number of its message, from 1, which goes up. */
void queue_tally_add(struct queue_tally *t, const char *key, const char *example, size_t message, uint64_t birth_seconds);

/* All rows, those with most recipients first, then by key; ended by 0; to free. Nothing may be added afterwards. */
struct queue_tally_row **queue_tally_sort(const struct queue_tally *t);

#endif
