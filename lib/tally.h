/* tally: how many recipients and messages wait for each of something: a cause, a destination. No I/O. */

#ifndef LIB_TALLY_H
#define LIB_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct tally_row {
  char *key;
  char *example; /* the words of one of them; "": none */
  size_t recipients;
  size_t messages;
  size_t last_message;
  uint64_t oldest_seconds; /* birth */
  struct tally_row *chain;
};

struct tally {
  struct tally_row **slots; /* hash by key */
  size_t slot_count;              /* a power of 2 */
  size_t count;
};

#define TALLY_ZERO { .slots = 0 }

/* Recipients of one message; message: its number, from 1, which goes up. */
void tally_add(struct tally *t, const char *key, const char *example, size_t recipients, size_t message, uint64_t birth_seconds);

/* A row that somebody else has counted. */
void tally_put(struct tally *t, const struct tally_row *row);

/* All rows, those with most recipients first, then by key; ended by 0; to free. Nothing may be added afterwards. */
struct tally_row **tally_sort(const struct tally *t);
void tally_free(struct tally *t);

#endif
