#include "admin/adopt.h"

#include <stdlib.h>
#include <string.h>

#include <skalibs/buffer.h>

#include "admin/rebuild.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/tables.h"

bool adopt_all;

/* state/tables/uids: "KEY UID PATH" a line, cut where it lies. */
struct line {
  const char *key, *path;
};
struct adopt {
  text bytes;
  struct line *lines, *by_path;
  size_t count;
  struct tables tables;
  text pairs;
};

static int compare_paths(const void *x, const void *y) { return strcmp(((const struct line *)x)->path, ((const struct line *)y)->path); }

static void open_uids(struct adopt *a)
{
  file_read("state/tables/uids", &a->bytes);
  if (!tables_open(&a->tables, "policy")) die_unable("open tables/current/policy.cdb");
  for (size_t i = 0; i < a->bytes.len; i++) a->count += a->bytes.s[i] == '\n';
  a->lines = calloc(a->count + 1, sizeof *a->lines);
  a->by_path = calloc(a->count + 1, sizeof *a->by_path);
  if (!a->lines || !a->by_path) die_nomem();
  a->count = 0;
  for (size_t at = 0; at < a->bytes.len;) {
    char *line = a->bytes.s + at, *newline = memchr(line, '\n', a->bytes.len - at), *uid = newline ? memchr(line, ' ', (size_t)(newline - line)) : 0;
    char *path = uid ? memchr(uid + 1, ' ', (size_t)(newline - uid) - 1) : 0;
    if (!path) die_permanent("state/tables/uids: not \"KEY UID PATH\"");
    at = (size_t)(newline - a->bytes.s) + 1;
    *uid = *path = *newline = 0;
    a->lines[a->count++] = (struct line){ line, path + 1 };
  }
  memcpy(a->by_path, a->lines, a->count * sizeof *a->lines);
  qsort(a->by_path, a->count, sizeof *a->by_path, compare_paths);
}

static const struct line *find_path(const struct adopt *a, const char *path)
{
  return bsearch(&(struct line){ "", path }, a->by_path, a->count, sizeof *a->by_path, compare_paths);
}

/* Has this key a mailbox now? */
static bool is_somebody(struct adopt *a, const char *key, text *record)
{
  enum lookup_result result = tables_find(&a->tables, "mailbox", key, record);

  if (result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  return result == LOOKUP_FOUND;
}

static void add_pair(struct adopt *a, const char *name, const char *key, const struct line *orphan, const char *was)
{
  text_add_format(&a->pairs, "%s %s\n", key, orphan->key);
  text line = TEXT_ZERO;

  text_add_format(&line, "%s has mail/%s now; what came to mail/%s meanwhile stays there\n", name, orphan->path, was);
  if (buffer_put(buffer_1, line.s, line.len) == -1) die_unable("write to fd 1");
  text_free(&line);
}

/* "a.test/bob~2" without the number; false if there is none. */
static bool strip_number(const char *path, text *bare)
{
  const char *tilde = strrchr(path, '~'), *slash = strrchr(path, '/');

  if (!tilde || (slash && tilde < slash) || !tilde[1] || strspn(tilde + 1, "0123456789") != strlen(tilde + 1)) return false;
  text_copy_bytes(bare, path, (size_t)(tilde - path));
  text_string(bare);
  return true;
}

static void adopt_one(struct adopt *a, const char *user, const char *folder)
{
  text login = TEXT_ZERO, record = TEXT_ZERO, other = TEXT_ZERO, bare = TEXT_ZERO;

  if (!rebuild_have("login", user, &login)) die_permanent("nobody logs in as ", user);
  const char *key = record_get(&login, "mailbox");
  if (!is_somebody(a, key, &record)) die_permanent(user, " has no mailbox");
  const char *path = record_get(&record, "path");
  if (*path == '/') die_permanent(user, " is a user of this system: his mail is in his home");
  if (!folder && !strip_number(path, &bare)) die_permanent(user, " has mail/", path, ", the folder of his own name: say which other one is his");
  const struct line *orphan = find_path(a, folder ? folder : bare.s);
  if (!orphan) die_permanent("there is no mailbox mail/", folder ? folder : bare.s, ": see mailadm list orphans");
  if (is_somebody(a, orphan->key, &other)) die_permanent("mail/", orphan->path, " is the mailbox of ", record_get(&other, "name"));
  add_pair(a, record_get(&record, "name"), key, orphan, path);
  text_free(&login);
  text_free(&record);
  text_free(&other);
  text_free(&bare);
}

/* Who came when the folder of his name was somebody's who is gone now. Of several the first who came. */
static void adopt_everybody(struct adopt *a)
{
  text record = TEXT_ZERO, other = TEXT_ZERO, bare = TEXT_ZERO;

  for (size_t i = 0; i < a->count; i++) {
    if (!strip_number(a->lines[i].path, &bare) || !is_somebody(a, a->lines[i].key, &record)) continue;
    struct line *orphan = (struct line *)find_path(a, bare.s);
    if (!orphan || !*orphan->key || is_somebody(a, orphan->key, &other)) continue;
    add_pair(a, record_get(&record, "name"), a->lines[i].key, orphan, a->lines[i].path);
    orphan->key = "";
  }
  text_free(&record);
  text_free(&other);
  text_free(&bare);
}

void adopt_run(const char *const *arguments, bool is_json)
{
  struct adopt a = { .tables = TABLES_ZERO };

  (void)is_json;
  if (adopt_all == (arguments[0] != 0)) die_permanent("mailadm adopt USER [ FOLDER ], or mailadm adopt --all");
  open_uids(&a);
  if (adopt_all)
    adopt_everybody(&a);
  else
    adopt_one(&a, arguments[0], arguments[1]);
  tables_close(&a.tables);
  if (a.pairs.len) rebuild_exchanged(&a.pairs);
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  text_free(&a.bytes);
  text_free(&a.pairs);
  free(a.lines);
  free(a.by_path);
}
