/* tables: a generation of changes and its base are one table, for who looks up and for who walks, mapped or read; without
   its base it is no table. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldapsync/generation.h"
#include "ldapsync/generations.h"
#include "lib/tables.h"
#include "tests/check.h"

enum { RECORDS = 5000 };

const char *PROG = "lib_tables";

static void put(struct cdb_write *w, const char *kind, unsigned int i, const char *value)
{
  text key = TEXT_ZERO, record = TEXT_ZERO;

  text_add_number(&key, i);
  if (value) record_add(&record, "value", value);
  cdb_write_add(w, kind, text_string(&key), &record);
  text_free(&key);
  text_free(&record);
}

static void begin(struct generation *g, unsigned int mailboxes)
{
  struct cdb_write *const all[] = { g->policy, g->auth, g->relay, g->token };
  text record = TEXT_ZERO;

  g->auth_group = g->relay_group = g->token_group = (gid_t)-1;
  record_add(&record, "id", text_string(&g->id));
  record_add_number(&record, "mailboxes", mailboxes);
  for (unsigned int i = 0; i < 4; i++) cdb_write_add(all[i], "table", "generation", &record);
  text_free(&record);
}

static enum generation_result end(struct generation *g)
{
  generation_close(g);
  return generation_publish(g);
}

/* Of about a megabyte, so that it is read where that is asked for. "VALUE I" is in each record. */
static void publish_whole(struct generation *g, const char *value)
{
  text words = TEXT_ZERO;

  generation_open(g);
  begin(g, RECORDS);
  for (unsigned int i = 0; i < RECORDS; i++) {
    text_clear(&words);
    text_add_format(&words, "%s %u %0150u", value, i, i);
    put(g->policy, "mailbox", i, text_string(&words));
  }
  put(g->auth, "mailbox", 1, "secret");
  check(end(g) == GENERATION_NEW, "a whole generation is published");
  text_free(&words);
}

/* Number 1 is other, 2 is gone, RECORDS + 3 is new, 5 has come and gone again. */
static enum generation_result publish_changes(struct generation *g, const char *base, const char *value)
{
  if (!generation_open_changes(g, base)) exit(111);
  begin(g, RECORDS + 1);
  put(g->policy, "mailbox", 1, value);
  put(g->policy, "mailbox", 2, 0);
  put(g->policy, "mailbox", RECORDS + 3, value);
  put(g->policy, "mailbox", RECORDS + 5, 0);
  put(g->auth, "mailbox", 1, value);
  return end(g);
}

/* The first word of a record's value; "-" of none. */
static const char *found(struct tables *t, unsigned int i)
{
  static char word[32];
  text key = TEXT_ZERO, record = TEXT_ZERO;

  text_add_number(&key, i);
  enum lookup_result result = tables_find(t, "mailbox", text_string(&key), &record);
  snprintf(word, sizeof word, "%s", result == LOOKUP_FOUND ? record_get(&record, "value") : result == LOOKUP_ABSENT ? "-" : "broken");
  word[strcspn(word, " ")] = 0;
  text_free(&key);
  text_free(&record);
  return word;
}

static bool is(struct tables *t, unsigned int i, const char *value) { return !strcmp(found(t, i), value); }

static void check_find(struct tables *t, const char *value, const char *how)
{
  text what = TEXT_ZERO, record = TEXT_ZERO;

  for (unsigned int twice = 0; twice < 2; twice++) { /* the memo says it again */
    text_clear(&what);
    text_add_format(&what, "%s: what changed, what is gone, what is new and what stays", how);
    check(is(t, 1, value) && is(t, 2, "-") && is(t, RECORDS + 3, value) && is(t, RECORDS + 5, "-") && is(t, 4, "old") && is(t, RECORDS + 9, "-"), text_string(&what));
  }
  check(tables_find(t, "table", "generation", &record) == LOOKUP_FOUND && record_is(&record, "mailboxes", "5001") && text_is(&t->generation, record_get(&record, "id")),
        "the generation is that of the changes");
  text_free(&what);
  text_free(&record);
}

static void check_walk(struct tables *t, unsigned int count, const char *what)
{
  text key = TEXT_ZERO, record = TEXT_ZERO, other = TEXT_ZERO;
  unsigned int seen = 0, same = 0;
  uint64_t at = 0;
  enum lookup_result result;

  while ((result = tables_walk(t, &at, &key, &record)) == LOOKUP_FOUND) {
    char *colon = memchr(text_string(&key), ':', key.len);
    *colon = 0;
    seen++;
    same += tables_find(t, key.s, colon + 1, &other) == LOOKUP_FOUND && other.len == record.len && !memcmp(other.s, record.s, other.len) && strcmp(colon + 1, "base");
  }
  if (seen != count || same != count) printf("# %u records, %u as they are found\n", seen, same);
  check(result == LOOKUP_ABSENT && seen == count && same == count, what);
  check(tables_walk(t, &at, &key, &record) == LOOKUP_ABSENT, "... and behind the end is the end");
  text_free(&key);
  text_free(&record);
  text_free(&other);
}

static void check_open_sessions(struct generation *whole)
{
  struct tables map = TABLES_ZERO, read = { .is_for_children = true }, auth = TABLES_ZERO;
  struct generation g = GENERATION_ZERO;

  check(tables_open(&map, "policy") && tables_open(&read, "policy") && tables_open(&auth, "auth") && lookup_reads(read.file) && !map.base, "tables are open, of which one is read");
  check(is(&map, 1, "old") && is(&read, 1, "old") && is(&read, RECORDS + 3, "-"), "what they say at first");
  check_walk(&map, RECORDS + 1, "a walk through a whole generation");
  check(publish_changes(&g, whole->id.s, "new") == GENERATION_NEW, "changes are published");
  check(is(&read, 1, "old"), "a transaction goes on with what it began with");
  check(tables_open(&map, "policy") && tables_open(&read, "policy") && tables_open(&auth, "auth") && map.base && lookup_reads(read.base), "the changes are open");
  check_find(&map, "new", "mapped");
  check_find(&read, "new", "read");
  check(is(&auth, 1, "new"), "secrets change as well");
  check_walk(&map, RECORDS + 1, "a walk through changes and their base");
  check_walk(&read, RECORDS + 1, "the same where it is read");

  struct lookup *base = map.base, *read_base = read.base;
  uint64_t opens = read.opens;
  check(publish_changes(&g, whole->id.s, "newer") == GENERATION_NEW, "more changes are published");
  check(tables_open(&map, "policy") && tables_open(&read, "policy") && map.base == base && read.base == read_base, "their base stays open");
  check(read.opens == opens + 1, "who remembers what the tables said sees that they are others");
  check_find(&map, "newer", "mapped");
  check_find(&read, "newer", "read");
  check(publish_changes(&g, whole->id.s, "newer") == GENERATION_SAME, "the same changes are not published twice");

  publish_whole(&g, "whole");
  check(tables_open(&map, "policy") && tables_open(&read, "policy") && !map.base && !read.base && is(&map, 2, "whole") && is(&read, 2, "whole"), "a whole generation ends the changes");
  generations_switch(whole->id.s);
  tables_close(&map);
  tables_close(&read);
  tables_close(&auth);
}

static void check_no_changes(struct generation *whole)
{
  struct generation g = GENERATION_ZERO;

  if (!generation_open_changes(&g, whole->id.s)) exit(111);
  begin(&g, RECORDS);
  check(end(&g) == GENERATION_SAME, "no changes to the current generation are none");
}

static void rename_file(const char *generation, const char *file, bool is_back)
{
  text path = TEXT_ZERO, aside = TEXT_ZERO;

  text_add_format(&path, "tables/%s/%s.cdb", generation, file);
  text_add_format(&aside, "%s.aside", text_string(&path));
  if (is_back ? rename(text_string(&aside), path.s) : rename(path.s, text_string(&aside))) exit(111);
  text_free(&path);
  text_free(&aside);
}

static void check_missing_base(struct generation *whole)
{
  struct tables t = TABLES_ZERO;
  struct generation g = GENERATION_ZERO, chained = GENERATION_ZERO;

  publish_changes(&g, whole->id.s, "new");
  rename_file(whole->id.s, "policy", false);
  check(!tables_open(&t, "policy") && errno == ESTALE && !t.file, "changes without their base are no tables, and not an empty one");
  check(!generation_open_changes(&chained, whole->id.s), "there is nothing to change");
  rename_file(whole->id.s, "policy", true);
  check(tables_open(&t, "policy") && is(&t, 1, "new"), "when it is there again they are");
  rename_file(whole->id.s, "policy", false);
  check(tables_open(&t, "policy") && is(&t, 4, "old"), "who has it open needs no name of it");
  publish_whole(&chained, "whole");
  check(tables_open(&t, "policy") && is(&t, 2, "whole"), "nor does the next whole one");
  rename_file(whole->id.s, "policy", true);
  check(!generation_open_changes(&chained, g.id.s), "changes are no base");
  tables_close(&t);
}

static void write_as(const char *name, const char *id, const char *base)
{
  text path = TEXT_ZERO, record = TEXT_ZERO;

  text_add_format(&path, "tables/%s", name);
  if (mkdir(text_string(&path), 0700) == -1 && errno != EEXIST) exit(111);
  text_add(&path, "/policy.cdb");
  unlink(text_string(&path));
  struct cdb_write *w = cdb_write_open(path.s);
  if (!w) exit(111);
  record_add(&record, "id", id);
  cdb_write_add(w, "table", "generation", &record);
  text_clear(&record);
  record_add(&record, "id", base ? base : "");
  if (base) cdb_write_add(w, "table", "base", &record);
  if (!cdb_write_close(w, 0600, (gid_t)-1)) exit(111);
  text_free(&path);
  text_free(&record);
}

/* Whatever the files say. */
static void check_nonsense(struct generation *whole)
{
  static const char name[] = "0000000000000000", other[] = "0000000000000001";
  struct tables t = TABLES_ZERO;

  write_as(name, name, "../current");
  check(!tables_open_at(&t, name, "policy") && errno == EPROTO, "a base is named by an id");
  write_as(name, name, name);
  check(!tables_open_at(&t, name, "policy") && errno == ESTALE, "nothing is its own base");
  write_as(name, name, other);
  write_as(other, whole->id.s, 0);
  check(!tables_open_at(&t, name, "policy") && errno == ESTALE, "a base that calls itself by another name is none");
  write_as(other, other, 0);
  check(tables_open_at(&t, name, "policy"), "one that does not is one");
  tables_close(&t);
  if (!generation_remove("tables/0000000000000000") || !generation_remove("tables/0000000000000001")) exit(111);
}

static void check_prune(void)
{
  struct generation whole = GENERATION_ZERO, g = GENERATION_ZERO, last = GENERATION_ZERO;
  text names = TEXT_ZERO;

  publish_whole(&whole, "old");
  publish_changes(&g, whole.id.s, "new");
  publish_changes(&last, whole.id.s, "newer");
  generations_prune(&(struct generations_keep){ .newest = 1 });
  generations_list(&names);
  check(generations_have(&names, last.id.s) && generations_have(&names, whole.id.s) && !generations_have(&names, g.id.s), "the base of what is kept is kept");
  check(!strcmp(generations_before(&names, last.id.s), whole.id.s), "one can go back to it");
  publish_whole(&g, "whole");
  generations_prune(&(struct generations_keep){ .newest = 1 });
  generations_list(&names);
  check(generations_have(&names, g.id.s) && names.len == g.id.len + 1, "what nobody needs any more goes");
  if (unlink("tables/current") == -1) exit(111);
  text_copy(&names, "tables/");
  text_add(&names, g.id.s);
  if (!generation_remove(text_string(&names))) exit(111);
  text_free(&names);
}

int main(void)
{
  char folder[] = "/tmp/lib_tables.XXXXXX";
  struct generation whole = GENERATION_ZERO;

  if (!mkdtemp(folder) || chdir(folder) == -1 || mkdir("tables", 0700) == -1) return 111;
  publish_whole(&whole, "old");
  check_no_changes(&whole);
  check_open_sessions(&whole);
  check_missing_base(&whole);
  check_nonsense(&whole);
  check_prune();
  if (rmdir("tables") == -1 || chdir("/") == -1 || rmdir(folder) == -1) return 111;
  return check_done();
}
