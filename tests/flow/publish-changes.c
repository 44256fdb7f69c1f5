/* publish-changes: publishes as a generation of changes to BASE what generation WHOLE is, for the tests, as tables-publish does; the
   newest KEEP generations stay.

     publish-changes BASE WHOLE KEEP [ GROUP ]       GROUP: whose are auth.cdb, relay.cdb and token.cdb, a number

   Both are whole ones, or the end is 1. */

#include <stdlib.h>
#include <string.h>

#include "ldapsync/generation.h"
#include "ldapsync/generations.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/tables.h"

#define USAGE "publish-changes BASE WHOLE KEEP [ GROUP ]"

const char *PROG = "publish-changes";

/* What one has and the other has not, or other than it. */
static void add(struct cdb_write *w, const char *name, const char *one, const char *other, const char *id)
{
  struct tables here = TABLES_ZERO, there = TABLES_ZERO;
  text key = TEXT_ZERO, record = TEXT_ZERO, known = TEXT_ZERO;
  uint64_t at = 0;

  if (!tables_open_at(&here, one, name) || !tables_open_at(&there, other, name)) die_unable("open the table ", name);
  while (tables_walk(&here, &at, &key, &record) == LOOKUP_FOUND) {
    bool is_known = lookup_find(there.file, key.s, key.len, &known) == LOOKUP_FOUND, is_first = !strncmp(text_string(&key), "table:", 6);
    char *colon = strchr(key.s, ':');
    *colon = 0;
    if (id && is_first) {
      text_clear(&known);
      record_add(&known, "id", id);
      text_add_bytes(&known, record.s + strlen(record.s) + 1, record.len - strlen(record.s) - 1);
      cdb_write_add(w, key.s, colon + 1, &known);
    } else if (id && !(is_known && known.len == record.len && !memcmp(known.s, record.s, known.len)))
      cdb_write_add(w, key.s, colon + 1, &record);
    text_clear(&record);
    if (!id && !is_known) cdb_write_add(w, key.s, colon + 1, &record);
  }
  tables_close(&here);
  tables_close(&there);
}

static void add_changes(struct cdb_write *w, const char *name, const char *base, const char *whole, const char *id)
{
  add(w, name, whole, base, id);
  add(w, name, base, whole, 0);
}

int main(int argc, const char **argv)
{
  struct generation g = GENERATION_ZERO;

  if (argc < 4 || argc > 5) die_usage(USAGE);
  home_enter();
  g.auth_group = g.relay_group = g.token_group = argc > 4 ? (gid_t)strtoul(argv[4], 0, 10) : (gid_t)-1;
  if (!generation_open_changes(&g, argv[1])) return END_NO;
  const char *id = text_string(&g.id);
  add_changes(g.policy, "policy", argv[1], argv[2], id);
  add_changes(g.auth, "auth", argv[1], argv[2], id);
  add_changes(g.relay, "relay", argv[1], argv[2], id);
  add_changes(g.token, "token", argv[1], argv[2], id);
  generation_close(&g);
  generation_publish(&g);
  generations_prune(&(struct generations_keep){ .newest = strtoul(argv[3], 0, 10) });
  return END_DONE;
}
