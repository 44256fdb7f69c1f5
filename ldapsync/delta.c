#include "ldapsync/delta.h"

#include <stdlib.h>
#include <string.h>

#include "lib/die.h"

static const char *const names[] = { "policy", "auth" };

void delta_open(struct delta *d, const char *base)
{
  text_copy(&d->base, base);
  text_string(&d->base);
  for (unsigned int i = 0; i < DELTA_FILES; i++)
    if (!tables_open_at(&d->files[i].base, d->base.s, names[i])) die_unable("open tables/", d->base.s, "/", names[i], ".cdb");
}

static void look_up(struct tables *t, const char *kind, const char *key, text *record)
{
  text_clear(record);
  switch (tables_find(t, kind, key, record)) {
  case LOOKUP_FOUND: return;
  case LOOKUP_ABSENT: text_clear(record); return;
  case LOOKUP_BROKEN: die_unable("read ", kind, ":", key, " of the tables");
  }
}

static struct delta_record *find(struct delta_table *t, const char *kind, const char *key)
{
  size_t kind_length = strlen(kind), length = kind_length + 1 + strlen(key) + 1;
  struct delta_record *r = malloc(sizeof *r + length);

  if (!r) die_nomem();
  *r = (struct delta_record){ .record = TEXT_ZERO };
  memcpy(r->key, kind, kind_length);
  r->key[kind_length] = ':';
  memcpy(r->key + kind_length + 1, key, length - kind_length - 1);
  if (map_add(&t->all, r->key, r)) return r;
  struct delta_record *known = map_find(&t->all, r->key);
  free(r);
  return known;
}

static enum delta_change compare(const text *was, const text *is)
{
  if (text_equal(was, is)) return DELTA_SAME;
  return !was->len ? DELTA_NEW : !is->len ? DELTA_GONE : DELTA_OTHER;
}

enum delta_change delta_put(struct delta *d, enum delta_file file, const char *kind, const char *key, const text *record)
{
  struct delta_table *t = &d->files[file];
  struct delta_record *r = find(t, kind, key);
  text base = TEXT_ZERO;

  look_up(&t->base, kind, key, &base);
  enum delta_change change = compare(r->is_there ? &r->record : &base, record);
  bool is_other = !text_equal(&base, record);
  d->count += (size_t)is_other - r->is_there;
  r->is_there = is_other;
  text_wipe(&r->record);
  if (is_other) text_copy_bytes(&r->record, record->s, record->len);
  text_wipe(&base);
  return change;
}

static void write_table(const struct delta_table *t, struct cdb_write *w)
{
  text kind = TEXT_ZERO;

  for (size_t i = 0; i < t->all.room; i++) {
    const struct delta_record *r = t->all.slots[i].value;
    if (!r || !r->is_there) continue;
    size_t length = strcspn(r->key, ":");
    text_copy_bytes(&kind, r->key, length);
    cdb_write_add(w, text_string(&kind), r->key + length + 1, &r->record);
  }
  text_free(&kind);
}

void delta_write(const struct delta *d, struct generation *g)
{
  write_table(&d->files[DELTA_POLICY], g->policy);
  write_table(&d->files[DELTA_AUTH], g->auth);
}

static bool check_table(const struct delta_table *t, struct tables *written)
{
  text kind = TEXT_ZERO, record = TEXT_ZERO;
  bool good = true;

  for (size_t i = 0; good && i < t->all.room; i++) {
    const struct delta_record *r = t->all.slots[i].value;
    if (!r || !r->is_there) continue;
    size_t length = strcspn(r->key, ":");
    text_copy_bytes(&kind, r->key, length);
    look_up(written, text_string(&kind), r->key + length + 1, &record);
    good = text_equal(&record, &r->record);
  }
  text_free(&kind);
  text_wipe(&record);
  return good;
}

bool delta_check(const struct delta *d, const char *generation)
{
  bool good = true;

  for (unsigned int i = 0; good && i < DELTA_FILES; i++) {
    struct tables written = TABLES_ZERO;
    good = tables_open_at(&written, generation, names[i]) && check_table(&d->files[i], &written);
    tables_close(&written);
  }
  return good;
}
