/* The whole store, for the operator. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/limits_store.h"

struct listed {
  size_t name, value, length; /* where in bytes */
};

struct list {
  text bytes;
  struct listed *entries;
  size_t count, room;
};

static void add(struct list *list, const char *name, const struct limits_value *value)
{
  if (list->count == list->room) {
    list->room = list->room ? list->room * 2 : 64;
    list->entries = realloc(list->entries, list->room * sizeof *list->entries);
    if (!list->entries) die_nomem();
  }
  struct listed *entry = &list->entries[list->count++];
  entry->name = list->bytes.len;
  text_add_bytes(&list->bytes, name, strlen(name) + 1);
  entry->value = list->bytes.len;
  entry->length = value->len;
  text_add_bytes(&list->bytes, value->s, value->len);
}

static const text *sort_bytes; /* qsort(3) hands nothing on */

static int compare(const void *a, const void *b)
{
  return strcmp(sort_bytes->s + ((const struct listed *)a)->name, sort_bytes->s + ((const struct listed *)b)->name);
}

/* Of a value that another process wrote: nothing is believed but its size. */
static bool read_entry(const struct limits *l, const struct list *list, const struct listed *listed, struct limits_entry *entry, text *fact)
{
  const char *value = list->bytes.s + listed->value;
  struct limits_counter c = { .current = 0 };

  if (listed->length < sizeof c.head) return false;
  memcpy(&c, value, listed->length < sizeof c ? sizeof c.head : sizeof c);
  if (c.head.expires <= l->now) return false;
  *entry = (struct limits_entry){ .key = list->bytes.s + listed->name, .is_counter = c.head.window > 0, .left_seconds = c.head.expires - l->now };
  entry->age_seconds = c.head.born < l->now ? l->now - c.head.born : 0;
  text_clear(fact);
  if (!entry->is_counter)
    text_copy_bytes(fact, value + sizeof c.head, listed->length - sizeof c.head);
  else
    entry->used = limits_used(&c, l->now);
  entry->value = text_string(fact);
  return true;
}

bool limits_each(struct limits *l, void (*see)(void *to, const struct limits_entry *entry), void *to)
{
  struct list list = { .bytes = TEXT_ZERO };
  struct limits_value value;
  struct limits_page page;
  struct limits_entry entry;
  text fact = TEXT_ZERO;
  const char *name;

  if (!l || !limits_begin(l)) return false;
  for (uint64_t number = 0; limits_next_page(l, &number, &page);)
    for (size_t at = 0; limits_page_next(&page, &at, &name, &value);) add(&list, name, &value);
  bool good = limits_end(l);
  sort_bytes = &list.bytes;
  if (list.count) qsort(list.entries, list.count, sizeof *list.entries, compare);
  for (size_t i = 0; i < list.count; i++)
    if (read_entry(l, &list, &list.entries[i], &entry, &fact)) see(to, &entry);
  text_free(&fact);
  text_free(&list.bytes);
  free(list.entries);
  return good;
}

static bool is_meant(const char *name, const char *key, size_t length)
{
  return !length || (!strncmp(name, key, length) && (!name[length] || name[length] == ' '));
}

static uint64_t forget_in(struct limits_page *page, const char *key, size_t length)
{
  struct limits_value value;
  uint64_t count = 0;
  const char *name;

  for (size_t at = 0, before = 0; limits_page_next(page, &at, &name, &value); before = at)
    if (is_meant(name, key, length)) {
      limits_page_remove(page, name, strlen(name) + 1);
      at = before; /* what stood behind it stands there now */
      count++;
    }
  return count;
}

bool limits_forget(struct limits *l, const char *key, uint64_t *count)
{
  struct limits_page page;

  *count = 0;
  if (!l || !limits_begin(l)) return false;
  for (uint64_t number = 0; limits_next_page(l, &number, &page);) {
    uint64_t some = forget_in(&page, key, strlen(key));
    if (some) limits_write_page(l, number, &page);
    *count += some;
  }
  return limits_end(l);
}
