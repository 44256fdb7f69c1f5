#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
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

static enum lookup_result find(struct tables *t, const text *name, text *record)
{
  enum lookup_result result;

  if (!lookup_reads(t->file)) return lookup_find(t->file, name->s, name->len, record);
  if (recall(t, name, &result, record)) return result;
  result = lookup_find(t->file, name->s, name->len, record);
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

bool tables_open_at(struct tables *t, const char *generation, const char *name)
{
  text path = TEXT_ZERO;
  bool open = true;

  text_add(&path, "tables/");
  text_add(&path, generation);
  text_add_char(&path, '/');
  text_add(&path, name);
  text_add(&path, ".cdb");
  text_string(&path);
  if (!t->file || !lookup_is_at(t->file, path.s)) {
    struct lookup *fresh = t->is_for_children ? lookup_open_to_read(path.s) : lookup_open(path.s);
    open = fresh != 0;
    if (open) {
      lookup_close(t->file);
      t->file = fresh;
      t->opens++;
      text_clear(&t->memo);
      read_generation(t);
    }
  }
  int e = errno;
  text_free(&path);
  errno = e;
  return open;
}

void tables_close(struct tables *t)
{
  lookup_close(t->file);
  t->file = 0;
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

bool tables_offer_scram(struct tables *policy)
{
  text record = TEXT_ZERO;
  bool offered = tables_open(policy, "policy") && tables_find(policy, "table", "generation", &record) == LOOKUP_FOUND && record_is(&record, "scram", "yes");

  text_free(&record);
  return offered;
}
