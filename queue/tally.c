#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/text.h"
#include "queue/tally.h"

enum { FIRST_SLOTS = 256 };

static struct queue_tally_row **slot_of(const struct queue_tally *t, const char *key)
{
  uint64_t h = 14695981039346656037u;

  for (; *key; key++) h = (h ^ (unsigned char)*key) * 1099511628211u;
  return &t->slots[(size_t)(h ^ h >> 32) & (t->slot_count - 1)];
}

static void put(struct queue_tally *t, struct queue_tally_row *row)
{
  struct queue_tally_row **slot = slot_of(t, row->key);

  row->chain = *slot;
  *slot = row;
}

static void grow(struct queue_tally *t)
{
  struct queue_tally_row **old = t->slots;
  size_t old_count = t->slot_count;

  t->slot_count = old_count ? old_count * 2 : FIRST_SLOTS;
  t->slots = calloc(t->slot_count, sizeof *t->slots);
  if (!t->slots) die_nomem();
  for (size_t i = 0; i < old_count; i++)
    for (struct queue_tally_row *row = old[i], *chain; row; row = chain) {
      chain = row->chain;
      put(t, row);
    }
  free(old);
}

static struct queue_tally_row *find(struct queue_tally *t, const char *key)
{
  if (t->count >= t->slot_count) grow(t);
  struct queue_tally_row *row = *slot_of(t, key);
  while (row && strcmp(row->key, key)) row = row->chain;
  return row;
}

static struct queue_tally_row *make(struct queue_tally *t, const char *key, const char *example)
{
  struct queue_tally_row *row = calloc(1, sizeof *row);

  if (!row) die_nomem();
  row->key = string_duplicate(key);
  row->example = string_duplicate(example);
  put(t, row);
  t->count++;
  return row;
}

void queue_tally_add(struct queue_tally *t, const char *key, const char *example, size_t message, uint64_t birth_seconds)
{
  struct queue_tally_row *row = find(t, key);

  if (!row) row = make(t, key, example);
  row->recipients++;
  if (row->last_message != message) row->messages++;
  row->last_message = message;
  if (!row->oldest_seconds || birth_seconds < row->oldest_seconds) row->oldest_seconds = birth_seconds;
}

static int compare(const void *a, const void *b)
{
  const struct queue_tally_row *x = *(struct queue_tally_row *const *)a, *y = *(struct queue_tally_row *const *)b;

  if (x->recipients != y->recipients) return x->recipients < y->recipients ? 1 : -1;
  return strcmp(x->key, y->key);
}

struct queue_tally_row **queue_tally_sort(const struct queue_tally *t)
{
  struct queue_tally_row **rows = calloc(t->count + 1, sizeof *rows);
  size_t count = 0;

  if (!rows) die_nomem();
  for (size_t i = 0; i < t->slot_count; i++)
    for (struct queue_tally_row *row = t->slots[i]; row; row = row->chain) rows[count++] = row;
  qsort(rows, count, sizeof *rows, compare);
  return rows;
}
