#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "ldapsync/accounts.h"
#include "ldapsync/changes.h"
#include "ldapsync/report.h"
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

  if (report_is_quiet && !a->is_new) return;
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

static struct account *make(void)
{
  struct account *one = malloc(sizeof *one);

  if (!one) die_nomem();
  *one = (struct account){ .facts = TEXT_ZERO, .raw = TEXT_ZERO, .from = TEXT_ZERO, .addresses = TEXT_ZERO, .relayed = TEXT_ZERO };
  return one;
}

struct account *accounts_add(struct accounts *a)
{
  struct account *next = make();

  accounts_take(a, next);
  return next;
}

const text *accounts_raw(const struct account *a) { return a->raw.len ? &a->raw : &a->facts; }

void accounts_free_one(struct account *a)
{
  text_wipe(&a->facts);
  text_wipe(&a->raw);
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

struct account *accounts_make(const struct profile *p, const struct ldif_entry *e, const char *path, bool is_from_server, enum profile_kind *kind)
{
  text facts = TEXT_ZERO;
  struct account *one = 0;

  *kind = profile_map(p, e, &facts);
  if (*kind != PROFILE_NOBODY) {
    one = make();
    text_copy_bytes(&one->facts, facts.s, facts.len); /* it takes as much memory as it needs */
    one->key = record_get(&one->facts, "key");
    one->is_from_server = is_from_server;
    text_ready(&one->from, strlen(path) + e->dn.len + 3);
    text_add(&one->from, path);
    text_add(&one->from, ": ");
    text_add(&one->from, e->dn.s);
    text_string(&one->from);
    make_printable(one->from.s);
  }
  text_wipe(&facts);
  return one;
}

static void add(struct reading *r, const struct ldif_entry *e, const char *path)
{
  enum profile_kind kind;
  struct account *one = accounts_make(r->profile, e, path, r->is_from_server, &kind);

  if (one) accounts_take(kind == PROFILE_GROUP ? r->groups : r->people, one);
}

static void note_place(struct accounts_place *place, int fd, size_t whole)
{
  struct stat status;

  if (fstat(fd, &status) == -1) die_unable("look at what was read");
  *place = (struct accounts_place){ fd, status.st_dev, status.st_ino, whole };
}

static void read_file(struct reading *r, const char *path, struct accounts_place *place)
{
  text bytes = TEXT_ZERO;
  struct changes changes;
  struct ldif_entry entry = LDIF_ENTRY_ZERO;
  enum ldif_result result;
  int fd = open(path, O_RDONLY | O_CLOEXEC);

  if (fd == -1 || !slurp(&bytes, fd)) die_unable("read ", path);
  (r->is_from_server ? changes_begin : changes_begin_plain)(&changes, bytes.s, bytes.len);
  while ((result = changes_next(&changes, &entry)) == LDIF_ENTRY) add(r, &entry, path);
  if (result == LDIF_BROKEN) die_permanent(path, " ", changes.ldif.error.s, "; the last good tables stay");
  if (place) note_place(place, fd, changes.whole);
  else close(fd);
  ldif_entry_free(&entry);
  changes_free(&changes);
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
    read_file(&reading, text_string(&path), 0);
  }
  text_free(&names);
  text_free(&path);
}

void accounts_read_file(struct accounts *people, struct accounts *groups, const char *path, const struct profile *p, bool is_from_server,
                        struct accounts_place *place)
{
  struct reading reading = { people, groups, p, is_from_server };
  read_file(&reading, path, place);
}
