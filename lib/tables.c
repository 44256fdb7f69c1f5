#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/tables.h"

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
}

enum lookup_result tables_find(struct tables *t, const char *kind, const char *key, text *record)
{
  text name = TEXT_ZERO;

  text_add(&name, kind);
  text_add_char(&name, ':');
  text_add(&name, key);
  enum lookup_result result = lookup_find(t->file, name.s, name.len, record);
  text_free(&name);
  if (result == LOOKUP_FOUND && !record_check(record)) {
    errno = EPROTO;
    return LOOKUP_BROKEN;
  }
  return result;
}
