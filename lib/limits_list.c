/* The whole store, for the operator. */

#include <string.h>

#include "lib/limits_store.h"

enum { FIRST_KEY = 2 }; /* below it stands the sweep's place */

/* Of a value that another process wrote: nothing is believed but its size. */
static bool read_entry(const struct limits *l, const MDB_val *name, const MDB_val *value, struct limits_entry *entry, text *fact)
{
  struct limits_counter c = { .current = 0 };

  if (!name->mv_size || ((const char *)name->mv_data)[name->mv_size - 1] || value->mv_size < sizeof c.head) return false;
  memcpy(&c, value->mv_data, value->mv_size < sizeof c ? sizeof c.head : sizeof c);
  if (c.head.expires <= l->now) return false;
  *entry = (struct limits_entry){ .key = name->mv_data, .is_counter = c.head.window > 0, .left_seconds = c.head.expires - l->now };
  entry->age_seconds = c.head.born < l->now ? l->now - c.head.born : 0;
  text_clear(fact);
  if (!entry->is_counter)
    text_copy_bytes(fact, (const char *)value->mv_data + sizeof c.head, value->mv_size - sizeof c.head);
  else
    entry->used = limits_used(&c, l->now);
  entry->value = text_string(fact);
  return true;
}

bool limits_each(struct limits *l, void (*see)(void *to, const struct limits_entry *entry), void *to)
{
  static char first[] = { FIRST_KEY };
  MDB_val name = { sizeof first, first }, value;
  struct limits_entry entry;
  text fact = TEXT_ZERO;
  MDB_cursor *cursor;

  if (!l || !limits_begin(l, false)) return false;
  l->error = mdb_cursor_open(l->txn, l->dbi, &cursor);
  if (!l->error) {
    int result = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    for (; !result; result = mdb_cursor_get(cursor, &name, &value, MDB_NEXT))
      if (read_entry(l, &name, &value, &entry, &fact)) see(to, &entry);
    if (result != MDB_NOTFOUND) l->error = result;
    mdb_cursor_close(cursor);
  }
  text_free(&fact);
  return limits_end(l);
}

static bool is_meant(const MDB_val *name, const char *key, size_t length)
{
  const char *stored = name->mv_data;

  if (!length) return true;
  return name->mv_size > length && !memcmp(stored, key, length) && (!stored[length] || stored[length] == ' ');
}

bool limits_forget(struct limits *l, const char *key, uint64_t *count)
{
  size_t length = strlen(key);
  char first[] = { FIRST_KEY, 0 };
  MDB_val name = { length ? length : 1, (void *)(uintptr_t)(length ? key : first) }, value;
  MDB_cursor *cursor;

  *count = 0;
  if (!l || !limits_begin(l, true)) return false;
  l->error = mdb_cursor_open(l->txn, l->dbi, &cursor);
  if (!l->error) {
    int result = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    while (!result && (!length || (name.mv_size >= length && !memcmp(name.mv_data, key, length)))) {
      if (is_meant(&name, key, length)) {
        if ((result = mdb_cursor_del(cursor, 0))) break;
        ++*count;
      }
      result = mdb_cursor_get(cursor, &name, &value, MDB_NEXT);
    }
    if (result && result != MDB_NOTFOUND) l->error = result;
    mdb_cursor_close(cursor);
  }
  return limits_end(l);
}
