#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>

#include "ldapsync/accounts.h"
#include "ldapsync/changes.h"
#include "lib/die.h"
#include "lib/file.h"

/* What a directory says is shown on a terminal. */
static void make_printable(char *string)
{
  for (; *string; string++)
    if ((unsigned char)*string < ' ' || *string == 0x7f) *string = '?';
}

void accounts_report(const struct account *a, const char *format, ...)
{
  char *what = 0;
  va_list arguments;

  va_start(arguments, format);
  int length = vasprintf(&what, format, arguments);
  va_end(arguments);
  if (length == -1) die_nomem();
  make_printable(what);
  strerr_warnw(a->from.s, ": ", what);
  free(what);
}

void accounts_take(struct accounts *a, struct account *one)
{
  if (a->count == a->room) {
    a->room = a->room ? a->room * 2 : 64;
    a->all = realloc(a->all, a->room * sizeof *a->all);
    if (!a->all) die_nomem();
  }
  a->all[a->count++] = one;
}

struct account *accounts_add(struct accounts *a)
{
  struct account *next = malloc(sizeof *next);

  if (!next) die_nomem();
  *next = (struct account){ .facts = TEXT_ZERO, .from = TEXT_ZERO, .addresses = TEXT_ZERO, .relayed = TEXT_ZERO };
  accounts_take(a, next);
  return next;
}

void accounts_free_one(struct account *a)
{
  text_free(&a->facts);
  text_free(&a->from);
  text_free(&a->addresses);
  text_free(&a->relayed);
  free(a);
}

int accounts_compare(const struct account *a, const struct account *b)
{
  size_t age_a = a->place ? a->place->age : (size_t)-1, age_b = b->place ? b->place->age : (size_t)-1;

  if (age_a != age_b) return age_a < age_b ? -1 : 1;
  int order = strcmp(a->key, b->key);
  return order ? order : strcmp(a->from.s, b->from.s);
}

static int compare(const void *x, const void *y) { return accounts_compare(*(struct account *const *)x, *(struct account *const *)y); }

void accounts_sort(struct accounts *a)
{
  if (a->count) qsort(a->all, a->count, sizeof *a->all, compare);
}

struct reading {
  struct accounts *people, *groups;
  const struct profile *profile;
  bool is_from_server;
};

static void add(struct reading *r, const struct ldif_entry *e, const char *path, text *facts)
{
  enum profile_kind kind = profile_map(r->profile, e, facts);
  if (kind == PROFILE_NOBODY) return;
  struct account *next = accounts_add(kind == PROFILE_GROUP ? r->groups : r->people);

  text_copy_bytes(&next->facts, facts->s, facts->len); /* it takes as much memory as it needs */
  next->key = record_get(&next->facts, "key");
  next->is_from_server = r->is_from_server;
  text_ready(&next->from, strlen(path) + e->dn.len + 3);
  text_add(&next->from, path);
  text_add(&next->from, ": ");
  text_add(&next->from, e->dn.s);
  text_string(&next->from);
  make_printable(next->from.s);
}

static void read_file(struct reading *r, const char *path)
{
  text bytes = TEXT_ZERO, facts = TEXT_ZERO;
  struct changes changes;
  struct ldif_entry entry = LDIF_ENTRY_ZERO;
  enum ldif_result result;

  if (!openslurpclose(&bytes, path)) die_unable("read ", path);
  (r->is_from_server ? changes_begin : changes_begin_plain)(&changes, bytes.s, bytes.len);
  while ((result = changes_next(&changes, &entry)) == LDIF_ENTRY) add(r, &entry, path, &facts);
  if (result == LDIF_BROKEN) die_permanent(path, " ", changes.ldif.error.s, "; the last good tables stay");
  ldif_entry_free(&entry);
  changes_free(&changes);
  text_free(&facts);
  text_free(&bytes);
}

void accounts_read(struct accounts *people, struct accounts *groups, const char *folder, const char *except, const struct profile *p, bool is_from_server)
{
  struct reading reading = { people, groups, p, is_from_server };
  text names = TEXT_ZERO, path = TEXT_ZERO;

  if (!folder_names(folder, ".ldif", &names) && errno != ENOENT) die_unable("read the folder ", folder);
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
    if (except && !strcmp(except, names.s + at)) continue;
    text_clear(&path);
    text_add_format(&path, "%s/%s", folder, names.s + at);
    read_file(&reading, text_string(&path));
  }
  text_free(&names);
  text_free(&path);
}

void accounts_read_file(struct accounts *people, struct accounts *groups, const char *path, const struct profile *p, bool is_from_server)
{
  struct reading reading = { people, groups, p, is_from_server };
  read_file(&reading, path);
}
