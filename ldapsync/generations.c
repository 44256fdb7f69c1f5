#include "ldapsync/generations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ldapsync/generation.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/id.h"
#include "lib/lookup.h"
#include "lib/names.h"
#include "lib/record.h"

#define HELD "state/tables/held"
enum { TIME_DIGITS = 11, HOUR = 3600, DAY = 86400 };

void generations_list(text *names)
{
  text all = TEXT_ZERO;

  text_clear(names);
  if (!folder_names("tables", 0, &all)) die_unable("read the folder tables");
  for (size_t at = 0; at < all.len; at += strlen(all.s + at) + 1)
    if (id_check(all.s + at)) text_add_bytes(names, all.s + at, strlen(all.s + at) + 1);
  text_free(&all);
}

const char *generations_current(text *name)
{
  char current[ID_MAX + 1];
  ssize_t length = readlink("tables/current", current, sizeof current);

  if (length == -1 && errno != ENOENT) die_unable("read the link tables/current");
  text_copy_bytes(name, current, length < 0 ? 0 : (size_t)length);
  return text_string(name);
}

uint64_t generations_made(const char *name)
{
  uint64_t microseconds = 0;

  for (unsigned int i = 0; i < TIME_DIGITS && name[i]; i++)
    microseconds = microseconds * 32 + (uint64_t)(ascii_is_digit(name[i]) ? name[i] - '0' : name[i] - 'a' + 10);
  return microseconds / 1000000;
}

bool generations_have(const text *names, const char *name)
{
  for (size_t at = 0; at < names->len; at += strlen(names->s + at) + 1)
    if (!strcmp(names->s + at, name)) return true;
  return false;
}

const char *generations_before(const text *names, const char *current)
{
  const char *before = 0;

  for (size_t at = 0; at < names->len; at += strlen(names->s + at) + 1)
    if (strcmp(names->s + at, current) < 0) before = names->s + at;
  return before;
}

const char *generations_base(const char *name, text *base)
{
  text path = TEXT_ZERO, record = TEXT_ZERO;

  text_add_format(&path, "tables/%s/policy.cdb", name);
  struct lookup *file = lookup_open(text_string(&path));
  bool has = file && lookup_find(file, "table:base", strlen("table:base"), &record) == LOOKUP_FOUND && record_check(&record);
  text_copy(base, has ? record_get(&record, "id") : "");
  lookup_close(file);
  text_free(&path);
  text_free(&record);
  return text_string(base);
}

void generations_switch(const char *name)
{
  if (unlink("tables/.current") == -1 && errno != ENOENT) die_unable("remove tables/.current");
  if (symlink(name, "tables/.current") == -1) die_unable("make tables/.current");
  if (!folder_sync("tables")) die_unable("sync the folder tables");
  if (rename("tables/.current", "tables/current") == -1) die_unable("make tables/", name, " the current tables");
  if (!folder_sync("tables")) die_unable("sync the folder tables");
}

/* The last name that ends before END, which is the length of what comes before it; end is moved there. */
static const char *previous(const text *names, size_t *end)
{
  size_t start = *end - 1;

  while (start && names->s[start - 1]) start--;
  *end = start;
  return names->s + start;
}

/* Is it the last one of an hour or a day of those that count? *last: that of the one kept before, which is younger. */
static bool is_last_of(uint64_t made, uint64_t length, uint64_t count, uint64_t last)
{
  return made / length != last / length && made / length + count >= (uint64_t)time(0) / length;
}

static void choose(const text *names, const struct generations_keep *keep, struct names *chosen)
{
  text current = TEXT_ZERO, base = TEXT_ZERO;
  uint64_t kept = 0, last = UINT64_MAX;

  generations_current(&current);
  for (size_t end = names->len; end;) {
    const char *name = previous(names, &end);
    uint64_t made = generations_made(name);
    if (kept >= keep->newest && !text_is(&current, name) && !is_last_of(made, HOUR, keep->hours, last) && !is_last_of(made, DAY, keep->days, last)) continue;
    kept++;
    last = made;
    names_add(chosen, name);
    if (*generations_base(name, &base)) names_add(chosen, base.s);
  }
  text_free(&current);
  text_free(&base);
}

void generations_prune(const struct generations_keep *keep)
{
  struct names chosen = NAMES_ZERO;
  text names = TEXT_ZERO, path = TEXT_ZERO;

  generations_list(&names);
  choose(&names, keep, &chosen);
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
    if (names_have(&chosen, names.s + at)) continue;
    text_copy(&path, "tables/");
    text_add(&path, names.s + at);
    if (!generation_remove(text_string(&path))) die_unable("remove the old generation ", path.s);
  }
  names_free(&chosen);
  text_free(&names);
  text_free(&path);
}

bool generations_held(text *name)
{
  text_clear(name);
  bool is_held = file_read(HELD, name);
  while (name->len && (name->s[name->len - 1] == '\n' || !name->s[name->len - 1])) name->len--;
  text_string(name);
  return is_held;
}

void generations_hold(const char *name)
{
  text bytes = TEXT_ZERO;

  text_add_format(&bytes, "%s\n", name);
  if (!file_replace("state/tables", "held", &bytes, 0600)) die_unable("write ", HELD);
  text_free(&bytes);
}

bool generations_release(void)
{
  if (unlink(HELD) == -1) {
    if (errno != ENOENT) die_unable("remove ", HELD);
    return false;
  }
  if (!folder_sync("state/tables")) die_unable("sync the folder state/tables");
  return true;
}
