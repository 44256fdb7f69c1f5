#include <string.h>

#include "ldapsync/table.h"

static void join(text *whole, const char *kind, const char *key)
{
  text_copy(whole, kind);
  text_add_char(whole, ':');
  text_add(whole, key);
  text_string(whole);
}

bool table_add(struct table *t, const char *kind, const char *key, const text *record)
{
  text whole = TEXT_ZERO;
  uint64_t length = record->len;

  join(&whole, kind, key);
  bool is_new = names_add(&t->keys, whole.s);
  if (is_new) {
    text_add_bytes(&t->records, (const char *)&length, sizeof length);
    text_add_text(&t->records, record);
  }
  text_free(&whole);
  return is_new;
}

const char *table_next(const struct table *t, size_t *key, size_t *record, text *value)
{
  uint64_t length;

  if (*key >= t->keys.strings.len) return 0;
  const char *name = t->keys.strings.s + *key;
  memcpy(&length, t->records.s + *record, sizeof length);
  *value = (text){ .s = t->records.s + *record + sizeof length, .len = length };
  *key += strlen(name) + 1;
  *record += sizeof length + length;
  return name;
}

bool table_find(const struct table *t, const char *kind, const char *key, text *value)
{
  text whole = TEXT_ZERO;
  size_t at = 0, record = 0;
  const char *name;

  join(&whole, kind, key);
  if (!names_have(&t->keys, whole.s)) {
    text_free(&whole);
    return false;
  }
  do name = table_next(t, &at, &record, value);
  while (name && strcmp(name, whole.s));
  text_free(&whole);
  return name != 0;
}

void table_write(const struct table *t, struct cdb_write *w)
{
  size_t at = 0, record = 0;
  text value;

  for (const char *name; (name = table_next(t, &at, &record, &value));) {
    text kind = TEXT_ZERO;
    size_t length = strcspn(name, ":");
    text_add_bytes(&kind, name, length);
    cdb_write_add(w, text_string(&kind), name + length + 1, &value);
    text_free(&kind);
  }
}

void table_free(struct table *t)
{
  names_free(&t->keys);
  text_free(&t->records);
}
