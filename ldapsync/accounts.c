#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>

#include "ldapsync/accounts.h"
#include "lib/die.h"
#include "lib/file.h"

void accounts_report(const struct account *a, const char *format, ...)
{
  char *what = 0;
  va_list arguments;

  va_start(arguments, format);
  int length = vasprintf(&what, format, arguments);
  va_end(arguments);
  if (length == -1) die_nomem();
  strerr_warnw(a->from.s, ": ", what);
  free(what);
}

static struct account *next_place(struct accounts *a)
{
  if (a->count == a->room) {
    a->room = a->room ? a->room * 2 : 64;
    a->all = realloc(a->all, a->room * sizeof *a->all);
    if (!a->all) die_nomem();
  }
  struct account *next = &a->all[a->count];
  *next = (struct account){ .facts = TEXT_ZERO, .from = TEXT_ZERO, .addresses = TEXT_ZERO };
  return next;
}

static void add(struct accounts *a, const struct profile *p, const struct ldif_entry *e, const char *path, bool is_from_server)
{
  struct account *next = next_place(a);

  if (!profile_map(p, e, &next->facts)) {
    text_free(&next->facts);
    return;
  }
  next->key = record_get(&next->facts, "key");
  next->is_from_server = is_from_server;
  text_add_format(&next->from, "%s: %s", path, e->dn.s);
  text_string(&next->from);
  a->count++;
}

static void read_file(struct accounts *a, const char *path, const struct profile *p, bool is_from_server)
{
  text bytes = TEXT_ZERO;
  struct ldif ldif;
  struct ldif_entry entry = LDIF_ENTRY_ZERO;
  enum ldif_result result;

  if (!openslurpclose(&bytes, path)) die_unable("read ", path);
  ldif_begin(&ldif, bytes.s, bytes.len);
  while ((result = ldif_next(&ldif, &entry)) == LDIF_ENTRY) add(a, p, &entry, path, is_from_server);
  if (result == LDIF_BROKEN) die_permanent(path, " ", ldif.error.s, "; the last good tables stay");
  ldif_entry_free(&entry);
  ldif_free(&ldif);
  text_free(&bytes);
}

void accounts_read(struct accounts *a, const char *folder, const struct profile *p, bool is_from_server)
{
  text names = TEXT_ZERO, path = TEXT_ZERO;

  if (!folder_names(folder, ".ldif", &names) && errno != ENOENT) die_unable("read the folder ", folder);
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
    text_clear(&path);
    text_add_format(&path, "%s/%s", folder, names.s + at);
    read_file(a, text_string(&path), p, is_from_server);
  }
  text_free(&names);
  text_free(&path);
}
