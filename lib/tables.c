#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/id.h"
#include "lib/tables.h"

/* Of a table that is read, what one message looks up several times: the client's networks, a domain, a recipient. Each is its head, name and record. */
struct known {
  size_t name, record;
  enum lookup_result result;
};

enum { MEMO_MAX = 4096 };

static bool recall(const struct tables *t, const text *name, enum lookup_result *result, text *record)
{
  struct known k;

  for (size_t at = 0; at < t->memo.len; at += sizeof k + k.name + k.record) {
    memcpy(&k, t->memo.s + at, sizeof k);
    const char *bytes = t->memo.s + at + sizeof k;
    if (k.name != name->len || memcmp(bytes, name->s, name->len)) continue;
    *result = k.result;
    if (k.result == LOOKUP_FOUND) text_copy_bytes(record, bytes + k.name, k.record);
    return true;
  }
  return false;
}

static void note(struct tables *t, const text *name, enum lookup_result result, const text *record)
{
  struct known k = { name->len, result == LOOKUP_FOUND ? record->len : 0, result };

  if (sizeof k + k.name + k.record > MEMO_MAX || result == LOOKUP_BROKEN) return;
  if (t->memo.len + sizeof k + k.name + k.record > MEMO_MAX) text_clear(&t->memo);
  text_add_bytes(&t->memo, (const char *)&k, sizeof k);
  text_add_text(&t->memo, name);
  text_add_bytes(&t->memo, record->s, k.record);
}

/* What has changed counts before what it was. */
static enum lookup_result find_in_files(struct tables *t, const text *name, text *record)
{
  enum lookup_result result = lookup_find(t->file, name->s, name->len, record);

  if (!t->base || result == LOOKUP_BROKEN) return result;
  if (result == LOOKUP_FOUND) return record->len ? LOOKUP_FOUND : LOOKUP_ABSENT;
  return lookup_find(t->base, name->s, name->len, record);
}

static enum lookup_result find(struct tables *t, const text *name, text *record)
{
  enum lookup_result result;

  if (!lookup_reads(t->base ? t->base : t->file)) return find_in_files(t, name, record);
  if (recall(t, name, &result, record)) return result;
  result = find_in_files(t, name, record);
  note(t, name, result, record);
  return result;
}

/* The id of the current generation is in the table itself, so that it cannot differ from what is read. */
static void read_generation(struct tables *t)
{
  text record = TEXT_ZERO;

  text_clear(&t->generation);
  if (tables_find(t, "table", "generation", &record) == LOOKUP_FOUND) text_add(&t->generation, record_get(&record, "id"));
  text_string(&t->generation);
  text_free(&record);
}

bool tables_open(struct tables *t, const char *name) { return tables_open_at(t, "current", name); }

static void path_of(text *path, const char *generation, const char *name)
{
  text_copy(path, "tables/");
  text_add(path, generation);
  text_add_char(path, '/');
  text_add(path, name);
  text_add(path, ".cdb");
  text_string(path);
}

static struct lookup *open_file(const struct tables *t, const char *path) { return t->is_for_children ? lookup_open_to_read(path) : lookup_open(path); }

static enum lookup_result find_in(struct lookup *file, const char *name, text *record) { return lookup_find(file, name, strlen(name), record); }

/* It names itself as it is named, and holds all of its records itself. */
static bool is_base(struct lookup *base, const char *id)
{
  text record = TEXT_ZERO;
  bool is = find_in(base, "table:generation", &record) == LOOKUP_FOUND && record_check(&record) && record_is(&record, "id", id) &&
            find_in(base, "table:base", &record) == LOOKUP_ABSENT;

  text_free(&record);
  return is;
}

static struct lookup *open_base(const struct tables *t, const char *path, const char *id)
{
  struct lookup *base = open_file(t, path);

  if (base && is_base(base, id)) return base;
  if (base || errno == ENOENT) errno = ESTALE;
  lookup_close(base);
  return 0;
}

/* The base that a file names, if it names one: that which is open, if it is the same. It is never written again, so its name says all. */
static bool find_base(const struct tables *t, struct lookup *fresh, const char *name, struct lookup **base, text *path)
{
  text record = TEXT_ZERO;
  enum lookup_result result = find_in(fresh, "table:base", &record);
  const char *id = result == LOOKUP_FOUND && record_check(&record) ? record_get(&record, "id") : "";
  bool good = result == LOOKUP_ABSENT;

  *base = 0;
  if (!good && !id_check(id))
    errno = EPROTO;
  else if (!good) {
    path_of(path, id, name);
    *base = t->base && text_is(&t->base_path, path->s) ? t->base : open_base(t, path->s, id);
    good = *base != 0;
  }
  int e = errno;
  text_free(&record);
  errno = e;
  return good;
}

static void take(struct tables *t, struct lookup *fresh, struct lookup *base, const text *base_path)
{
  lookup_close(t->file);
  if (t->base != base) lookup_close(t->base);
  t->file = fresh;
  t->base = base;
  text_copy_bytes(&t->base_path, base_path->s, base_path->len);
  t->opens++;
  text_clear(&t->memo);
  read_generation(t);
}

/* Where the base is gone because meanwhile another generation has become current, that one is opened. */
static bool open_fresh(struct tables *t, const char *path, const char *name)
{
  struct lookup *fresh, *base = 0;
  text base_path = TEXT_ZERO;
  bool good = false, again = true;

  while (!good && again && (fresh = open_file(t, path))) {
    good = find_base(t, fresh, name, &base, &base_path);
    int e = errno;
    again = !good && !lookup_is_at(fresh, path);
    if (good)
      take(t, fresh, base, &base_path);
    else
      lookup_close(fresh);
    errno = e;
  }
  int e = errno;
  text_free(&base_path);
  errno = e;
  return good;
}

bool tables_open_at(struct tables *t, const char *generation, const char *name)
{
  text path = TEXT_ZERO;

  path_of(&path, generation, name);
  bool open = (t->file && lookup_is_at(t->file, path.s)) || open_fresh(t, path.s, name);
  int e = errno;
  text_free(&path);
  errno = e;
  return open;
}

void tables_close(struct tables *t)
{
  lookup_close(t->file);
  lookup_close(t->base);
  t->file = t->base = 0;
  text_free(&t->base_path);
  text_free(&t->generation);
  text_free(&t->memo);
}

enum lookup_result tables_find(struct tables *t, const char *kind, const char *key, text *record)
{
  text name = TEXT_ZERO;

  text_add(&name, kind);
  text_add_char(&name, ':');
  text_add(&name, key);
  enum lookup_result result = find(t, &name, record);
  text_free(&name);
  if (result == LOOKUP_FOUND && !record_check(record)) {
    errno = EPROTO;
    return LOOKUP_BROKEN;
  }
  return result;
}

/* The position in the base, then that in what has changed, of which only what is new comes there. */
static const uint64_t BEHIND_BASE = (uint64_t)1 << 32;

static enum lookup_result walk_base(struct tables *t, uint64_t *at, text *key, text *record)
{
  size_t position = (size_t)*at;
  enum lookup_result result, changed = LOOKUP_ABSENT;

  do {
    result = lookup_walk(t->base, &position, key, record);
    if (result == LOOKUP_FOUND) changed = lookup_find(t->file, key->s, key->len, record);
  } while (result == LOOKUP_FOUND && changed == LOOKUP_FOUND && !record->len);
  *at = result == LOOKUP_ABSENT ? BEHIND_BASE : position;
  return changed == LOOKUP_BROKEN ? LOOKUP_BROKEN : result;
}

static enum lookup_result walk_new(struct tables *t, uint64_t *at, text *key, text *record)
{
  size_t position = (size_t)(*at - BEHIND_BASE);
  text old = TEXT_ZERO;
  enum lookup_result result, before = LOOKUP_ABSENT;

  do {
    result = lookup_walk(t->file, &position, key, record);
    bool is_none = result == LOOKUP_FOUND && (!record->len || text_is(key, "table:base"));
    if (result == LOOKUP_FOUND) before = is_none ? LOOKUP_FOUND : lookup_find(t->base, key->s, key->len, &old);
  } while (result == LOOKUP_FOUND && before == LOOKUP_FOUND);
  *at = BEHIND_BASE + position;
  text_free(&old);
  return before == LOOKUP_BROKEN ? LOOKUP_BROKEN : result;
}

enum lookup_result tables_walk(struct tables *t, uint64_t *at, text *key, text *record)
{
  enum lookup_result result = LOOKUP_ABSENT;
  size_t position = (size_t)*at;

  if (!t->base) {
    result = lookup_walk(t->file, &position, key, record);
    *at = position;
    return result;
  }
  if (*at < BEHIND_BASE) result = walk_base(t, at, key, record);
  return result == LOOKUP_ABSENT ? walk_new(t, at, key, record) : result;
}

static bool offers(struct tables *policy, const char *key)
{
  text record = TEXT_ZERO;
  bool offered = tables_open(policy, "policy") && tables_find(policy, "table", "generation", &record) == LOOKUP_FOUND && record_is(&record, key, "yes");

  text_free(&record);
  return offered;
}

bool tables_offer_scram(struct tables *policy) { return offers(policy, "scram"); }
bool tables_offer_scram_sha1(struct tables *policy) { return offers(policy, "scramsha1"); }
