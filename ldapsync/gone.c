#include "ldapsync/gone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>

#include "lib/die.h"
#include "lib/file.h"

/* The file's lines by their keys. A line that is none is dropped: it is only a date. */
static void index_lines(struct map *since, text *bytes)
{
  for (size_t at = 0; at < bytes->len;) {
    char *line = bytes->s + at, *newline = memchr(line, '\n', bytes->len - at), *space = newline ? memchr(line, ' ', (size_t)(newline - line)) : 0;
    if (!newline) return;
    at = (size_t)(newline - bytes->s) + 1;
    *newline = 0;
    if (!space) continue;
    *space = 0;
    map_add(since, line, space + 1);
  }
}

/* A place's age is the number of its line in state/tables/uids. */
static bool *list_present(const struct accounts *accounts, size_t count)
{
  bool *present = calloc(count + 1, sizeof *present);

  if (!present) die_nomem();
  for (size_t i = 0; i < accounts->count; i++) {
    const struct uids_entry *place = accounts->all[i]->place;
    if (place && place->age < count) present[place->age] = true;
  }
  return present;
}

static void add_gone(const struct uids *uids, const bool *present, const struct map *since, uint64_t now, text *lines)
{
  size_t number = 0;

  for (size_t at = 0; at < uids->lines.len; number++) {
    const char *line = uids->lines.s + at, *newline = memchr(line, '\n', uids->lines.len - at);
    if (!newline) return;
    at = (size_t)(newline - uids->lines.s) + 1;
    if (present[number]) continue;
    size_t start = lines->len;
    text_add_bytes(lines, line, strcspn(line, " \n"));
    const char *before = map_find(since, text_string(lines) + start);
    text_add_char(lines, ' ');
    if (before)
      text_add(lines, before);
    else
      text_add_number(lines, now);
    text_add_char(lines, '\n');
  }
}

bool gone_note(const struct accounts *accounts, const struct uids *uids, uint64_t now)
{
  text old = TEXT_ZERO, cut = TEXT_ZERO, lines = TEXT_ZERO;
  struct map since = MAP_ZERO;

  if (!openslurpclose(&old, "state/tables/gone") && errno != ENOENT) return false;
  text_add_text(&cut, &old);
  index_lines(&since, &cut);
  bool *present = list_present(accounts, uids->count);
  add_gone(uids, present, &since, now, &lines);
  bool is_same = lines.len == old.len && (!lines.len || !memcmp(lines.s, old.s, lines.len));
  bool good = is_same || file_replace("state/tables", "gone", &lines, 0600);
  free(present);
  map_free(&since);
  text_free(&old);
  text_free(&cut);
  text_free(&lines);
  return good;
}
