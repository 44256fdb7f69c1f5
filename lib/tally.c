#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/hash.h"
#include "lib/text.h"
#include "lib/tally.h"

enum { FIRST_SLOTS = 256 };

static struct tally_row **slot_of(const struct tally *t, const char *key)
{
  return &t->slots[(size_t)hash_string(key) & (t->slot_count - 1)];
}

static void put(struct tally *t, struct tally_row *row)
{
  struct tally_row **slot = slot_of(t, row->key);

  row->chain = *slot;
  *slot = row;
}

static void grow(struct tally *t)
{
  struct tally_row **old = t->slots;
  size_t old_count = t->slot_count;

  t->slot_count = old_count ? old_count * 2 : FIRST_SLOTS;
  t->slots = calloc(t->slot_count, sizeof *t->slots);
  if (!t->slots) die_nomem();
  for (size_t i = 0; i < old_count; i++)
    for (struct tally_row *row = old[i], *chain; row; row = chain) {
      chain = row->chain;
      put(t, row);
    }
  free(old);
}

static struct tally_row *find(struct tally *t, const char *key)
{
  if (t->count >= t->slot_count) grow(t);
  struct tally_row *row = *slot_of(t, key);
  while (row && strcmp(row->key, key)) row = row->chain;
  return row;
}

static struct tally_row *make(struct tally *t, const char *key, const char *example)
{
  struct tally_row *row = calloc(1, sizeof *row);

  if (!row) die_nomem();
  row->key = string_duplicate(key);
  row->example = string_duplicate(example);
  put(t, row);
  t->count++;
  return row;
}

void tally_add(struct tally *t, const char *key, const char *example, size_t recipients, size_t message, uint64_t birth_seconds)
{
  struct tally_row *row = find(t, key);

  if (!row) row = make(t, key, example);
  row->recipients += recipients;
  if (row->last_message != message) row->messages++;
  row->last_message = message;
  if (!row->oldest_seconds || birth_seconds < row->oldest_seconds) row->oldest_seconds = birth_seconds;
}

static int compare(const void *a, const void *b)
{
  const struct tally_row *x = *(struct tally_row *const *)a, *y = *(struct tally_row *const *)b;

  if (x->recipients != y->recipients) return x->recipients < y->recipients ? 1 : -1;
  return strcmp(x->key, y->key);
}

struct tally_row **tally_sort(const struct tally *t)
{
  struct tally_row **rows = calloc(t->count + 1, sizeof *rows);
  size_t count = 0;

  if (!rows) die_nomem();
  for (size_t i = 0; i < t->slot_count; i++)
    for (struct tally_row *row = t->slots[i]; row; row = row->chain) rows[count++] = row;
  qsort(rows, count, sizeof *rows, compare);
  return rows;
}

void tally_put(struct tally *t, const struct tally_row *counted)
{
  struct tally_row *row = find(t, counted->key);

  if (!row) row = make(t, counted->key, counted->example);
  row->recipients += counted->recipients;
  row->messages += counted->messages;
  if (!row->oldest_seconds || counted->oldest_seconds < row->oldest_seconds) row->oldest_seconds = counted->oldest_seconds;
}

void tally_free(struct tally *t)
{
  for (size_t i = 0; i < t->slot_count; i++)
    for (struct tally_row *row = t->slots[i], *chain; row; row = chain) {
      chain = row->chain;
      free(row->key);
      free(row->example);
      free(row);
    }
  free(t->slots);
  *t = (struct tally)TALLY_ZERO;
}
