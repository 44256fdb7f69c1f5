#include "ldapsync/diff.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/buffer.h>

#include "lib/die.h"
#include "lib/names.h"

enum { NAMED_MAX = 10 };

void diff_add(struct diff *d, const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  int length = vsnprintf(0, 0, format, arguments);
  va_end(arguments);
  if (length < 0) die_nomem();
  text_ready(&d->lines, (size_t)length + 1);
  va_start(arguments, format);
  vsnprintf(d->lines.s + d->lines.len, (size_t)length + 1, format, arguments);
  va_end(arguments);
  d->lines.len += (size_t)length + 1;
  d->count++;
}

static enum lookup_result find(struct tables *t, const char *kind, const char *key, text *record)
{
  enum lookup_result result = t->file ? tables_find(t, kind, key, record) : LOOKUP_ABSENT;

  if (result == LOOKUP_BROKEN) die_unable("read the tables of ", t->generation.s);
  return result;
}

bool diff_has(struct tables *t, const char *kind, const char *key)
{
  text record = TEXT_ZERO;
  bool has = find(t, kind, key, &record) == LOOKUP_FOUND;

  text_free(&record);
  return has;
}

void diff_name(struct diff *d, const char *kind, const char *key, text *name)
{
  text record = TEXT_ZERO;
  bool is_there = find(&d->new, kind, key, &record) == LOOKUP_FOUND || find(&d->old, kind, key, &record) == LOOKUP_FOUND;
  const char *slash = strrchr(record_get(&record, "path"), '/');

  text_clear(name);
  if (!strcmp(kind, "group")) text_add(name, "group:");
  if (is_there && record_is(&record, "kind", "public"))
    text_add_format(name, "public:%s", slash ? slash + 1 : key);
  else
    text_add(name, is_there && *record_get(&record, "name") ? record_get(&record, "name") : key);
  text_string(name);
  text_free(&record);
}

static bool is_of(const char *string, size_t length, const char *key)
{
  static const char *const leads[] = { "mailbox", "group", "forward" };

  if (key) return strlen(key) == length && !memcmp(string, key, length);
  for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
    if (strlen(leads[i]) == length && !memcmp(string, leads[i], length)) return true;
  return false;
}

static void add_named(struct diff *d, const char *string, size_t length, bool is_lead, text *list)
{
  text kind = TEXT_ZERO, name = TEXT_ZERO;

  text_copy_bytes(&kind, string, length);
  text_copy(&name, string + length + 1);
  if (is_lead && strcmp(text_string(&kind), "forward")) diff_name(d, kind.s, string + length + 1, &name);
  if (list->len) text_add(list, ", ");
  text_add_text(list, &name);
  text_free(&kind);
  text_free(&name);
}

size_t diff_missing(struct diff *d, const text *a, const text *b, const char *key, text *list)
{
  struct names known = NAMES_ZERO;
  size_t at = 0, length, count = 0;

  text_clear(list);
  for (const char *one; b && (one = record_walk(b, &at, &length));) names_add(&known, one);
  at = 0;
  for (const char *one; a && (one = record_walk(a, &at, &length));) {
    if (!is_of(one, length, key) || names_have(&known, one)) continue;
    if (count++ < NAMED_MAX) add_named(d, one, length, !key, list);
  }
  if (count > NAMED_MAX) text_add_format(list, " and %zu more", count - NAMED_MAX);
  text_string(list);
  names_free(&known);
  return count;
}

/* Where it was said is not what it says. */
static bool is_origin(const char *string, size_t length) { return is_of(string, length, "from") || is_of(string, length, "file") || is_of(string, length, "line"); }

static void say_fields(struct diff *d, const char *kind, const char *key, const text *old, const text *new)
{
  struct names keys = NAMES_ZERO;
  text gone = TEXT_ZERO, come = TEXT_ZERO, name = TEXT_ZERO;
  const text *records[] = { old, new };

  for (size_t i = 0; i < 2; i++) {
    size_t at = 0, length;
    for (const char *one; (one = record_walk(records[i], &at, &length));) {
      text_copy_bytes(&name, one, length);
      if (is_origin(one, length) || !names_add(&keys, text_string(&name))) continue;
      size_t less = diff_missing(d, old, new, name.s, &gone), more = diff_missing(d, new, old, name.s, &come);
      if (more && less)
        diff_add(d, "%s %s: %s is now %s, no longer %s", kind, key, name.s, come.s, gone.s);
      else if (more)
        diff_add(d, "%s %s: %s is now also %s", kind, key, name.s, come.s);
      else if (less)
        diff_add(d, "%s %s: %s is no longer %s", kind, key, name.s, gone.s);
    }
  }
  names_free(&keys);
  text_free(&gone);
  text_free(&come);
  text_free(&name);
}

static void say_other(struct diff *d, const char *kind, const char *key, const text *old, const text *new)
{
  const text *record = new ? new : old;
  const char *from = record_find(record, "file") ? record_get(record, "file") : record_get(record, "from");

  if (old && new)
    say_fields(d, kind, key, old, new);
  else
    diff_add(d, "%s %s: is %s%s%s%s", kind, key, new ? "new" : "gone", *from ? " (" : "", from, *from ? ")" : "");
}

/* Of what only machines look up, people have read already. */
static bool is_index(const char *kind)
{
  return !strcmp(kind, "table") || !strcmp(kind, "uid") || !strcmp(kind, "group-name") || !strcmp(kind, "networks") || !strcmp(kind, "fingerprint") || !strcmp(kind, "certificate");
}

static void say_record(struct diff *d, const char *kind, const char *key, const text *old, const text *new)
{
  diff_words *words = diff_words_of(kind);

  if (words)
    words(d, key, old, new);
  else if (!is_index(kind))
    say_other(d, kind, key, old, new);
}

/* Of scram:stranger people want to know whether it works; that it is there is every generation's. */
static void say_scram(struct diff *d, const text *old, const text *new)
{
  bool was = old && record_is(old, "offered", "yes"), is = new && record_is(new, "offered", "yes");

  if (is != was) diff_add(d, "SCRAM-SHA-256: is %s", is ? "offered now" : "no longer offered: not every login has keys for it, or control/scramiterations is 0");
}

/* How many, not which: their names are their owner's. */
static void say_apps(struct diff *d, const char *key, const text *old, const text *new)
{
  text name = TEXT_ZERO;
  size_t was = 0, is = 0, at = 0;

  while (old && record_next(old, "app", &at)) was++;
  at = 0;
  while (new && record_next(new, "app", &at)) is++;
  diff_name(d, "mailbox", key, &name);
  if (is == was)
    diff_add(d, "%s: has other app passwords", text_string(&name));
  else if (!is)
    diff_add(d, "%s: has no app password any more", text_string(&name));
  else if (!was)
    diff_add(d, "%s: has %zu app password%s now", text_string(&name), is, is == 1 ? "" : "s");
  else
    diff_add(d, "%s: has %zu app password%s now, no longer %zu", text_string(&name), is, is == 1 ? "" : "s", was);
  text_free(&name);
}

static void say_secret(struct diff *d, const char *kind, const char *key, const text *old, const text *new)
{
  text name = TEXT_ZERO;
  bool is_mailbox = !strcmp(kind, "mailbox");

  if (is_index(kind) || (is_mailbox && diff_has(&d->old, "mailbox", key) != diff_has(&d->new, "mailbox", key))) return;
  if (!strcmp(kind, "scram")) {
    say_scram(d, old, new);
    return;
  }
  if (!strcmp(kind, "app")) {
    say_apps(d, key, old, new);
    return;
  }
  if (is_mailbox)
    diff_name(d, "mailbox", key, &name);
  else
    text_add_format(&name, "%s %s", kind, key);
  const char *is = !new ? "no longer has a password or login of its own" : record_find(new, "bind") ? "is asked about at the directory server"
                                                                     : !old ? "has a password or login now" : "has another password or login";
  diff_add(d, "%s: %s", text_string(&name), is);
  text_free(&name);
}

typedef void say_difference(struct diff *d, const char *kind, const char *key, const text *old, const text *new);

/* Each record of one that the other has not, or that is another there; what both have is looked at once. */
static void walk(struct diff *d, struct tables *one, struct tables *other, bool is_new, say_difference *say)
{
  text key = TEXT_ZERO, record = TEXT_ZERO, there = TEXT_ZERO;
  uint64_t at = 0;
  enum lookup_result result = LOOKUP_ABSENT;

  while (one->file && (result = tables_walk(one, &at, &key, &record)) == LOOKUP_FOUND) {
    char *colon = memchr(text_string(&key), ':', key.len);
    if (!colon || !record_check(&record)) continue;
    *colon = 0;
    bool is_there = find(other, key.s, colon + 1, &there) == LOOKUP_FOUND;
    bool is_same = is_there && text_equal(&there, &record);
    if (is_there ? is_new && !is_same : true) say(d, key.s, colon + 1, is_new ? is_there ? &there : 0 : &record, is_new ? &record : 0);
  }
  if (result == LOOKUP_BROKEN) die_unable("read the tables of ", one->generation.s);
  text_free(&key);
  text_free(&record);
  text_free(&there);
}

static bool open_table(struct tables *t, const char *generation, const char *name)
{
  if (tables_open_at(t, generation, name)) return true;
  if (errno == EACCES && strcmp(name, "policy")) return false;
  if (errno != ENOENT || strcmp(generation, "current")) die_unable("open tables/", generation, "/", name, ".cdb");
  return true;
}

static void compare(struct diff *d, struct tables *old, struct tables *new, say_difference *say)
{
  walk(d, new, old, true, say);
  walk(d, old, new, false, say);
}

static void compare_secrets(struct diff *d, const char *old, const char *new, const char *name)
{
  struct tables was = TABLES_ZERO, is = TABLES_ZERO;

  if (open_table(&was, old, name) && open_table(&is, new, name))
    compare(d, &was, &is, say_secret);
  else
    diff_add(d, "%s.cdb: cannot be read by this user, so it is not compared", name);
  tables_close(&was);
  tables_close(&is);
}

void diff_generations(struct diff *d, const char *old, const char *new)
{
  open_table(&d->old, old, "policy");
  open_table(&d->new, new, "policy");
  compare(d, &d->old, &d->new, say_record);
  compare_secrets(d, old, new, "auth");
  compare_secrets(d, old, new, "relay");
  compare_secrets(d, old, new, "token");
}

static int compare_strings(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

void diff_say(const struct diff *d)
{
  const char **sorted = calloc(d->count + 1, sizeof *sorted);
  size_t count = 0;

  if (!sorted) die_nomem();
  for (size_t at = 0; at < d->lines.len; at += strlen(d->lines.s + at) + 1) sorted[count++] = d->lines.s + at;
  qsort(sorted, count, sizeof *sorted, compare_strings);
  if (!count) sorted[count++] = "nothing changes";
  for (size_t i = 0; i < count; i++)
    if (buffer_puts(buffer_1, sorted[i]) == -1 || buffer_put(buffer_1, "\n", 1) == -1) die_unable("write to fd 1");
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  free(sorted);
}

void diff_free(struct diff *d)
{
  tables_close(&d->old);
  tables_close(&d->new);
  text_free(&d->lines);
}
