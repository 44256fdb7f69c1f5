#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldapsync/uids.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/names.h"

enum { UID_DIGITS = 12 };

static const char *format_uid(char digits[UID_DIGITS], uint32_t uid)
{
  snprintf(digits, UID_DIGITS, "%lu", (unsigned long)uid);
  return digits;
}

/* False if key, uid or path is somebody's. */
static bool insert(struct uids *u, const char *key, uint32_t uid, const char *path)
{
  char digits[UID_DIGITS];

  format_uid(digits, uid);
  if (map_find(&u->by_key, key) || map_find(&u->by_uid, digits) || map_find(&u->by_path, path)) return false;
  struct uids_entry *e = malloc(sizeof *e);
  if (!e) die_nomem();
  *e = (struct uids_entry){ string_duplicate(key), string_duplicate(path), uid, u->count++ };
  map_add(&u->by_key, e->key, e);
  map_add(&u->by_uid, string_duplicate(digits), e);
  map_add(&u->by_path, e->path, e);
  return true;
}

static bool take_line(struct uids *u, char *line)
{
  char *uid_text = strchr(line, ' ');
  char *path = uid_text ? strchr(uid_text + 1, ' ') : 0;
  uint64_t uid;

  if (!path) return false;
  *uid_text++ = 0;
  *path++ = 0;
  return *line && *path && number_scan(uid_text, UIDS_MAX, &uid) && uid && insert(u, line, (uint32_t)uid, path);
}

void uids_open(struct uids *u, uint32_t first)
{
  text bytes = TEXT_ZERO, where = TEXT_ZERO;
  size_t number = 0;

  u->next = first;
  u->is_there = file_read("state/tables/uids", &bytes);
  text_add_text(&u->lines, &bytes);
  for (size_t at = 0; at < bytes.len;) {
    char *line = bytes.s + at, *newline = memchr(line, '\n', bytes.len - at);
    number++;
    if (newline) *newline = 0;
    if (!newline || !take_line(u, line)) {
      text_add_format(&where, "state/tables/uids line %zu: not \"KEY UID DOMAIN/USER\", or one of them is there twice", number);
      die_permanent(text_string(&where));
    }
    at = (size_t)(newline - bytes.s) + 1;
  }
  text_free(&bytes);
}

const struct uids_entry *uids_find(const struct uids *u, const char *key) { return map_find(&u->by_key, key); }

const struct uids_entry *uids_owner(const struct uids *u, uint32_t uid)
{
  char digits[UID_DIGITS];
  return map_find(&u->by_uid, format_uid(digits, uid));
}

static uint32_t next_free(struct uids *u)
{
  while (u->next < UIDS_MAX && uids_owner(u, u->next)) u->next++;
  return u->next < UIDS_MAX ? u->next : 0;
}

static void find_free_path(const struct uids *u, const char *wanted, text *path)
{
  text_copy(path, wanted);
  for (unsigned int n = 2; map_find(&u->by_path, text_string(path)); n++) {
    text_copy(path, wanted);
    text_add_format(path, "~%u", n);
  }
}

const struct uids_entry *uids_add(struct uids *u, const char *key, uint32_t uid, const char *path)
{
  text free_path = TEXT_ZERO;

  if (!uid) uid = next_free(u);
  if (!uid || uids_owner(u, uid) || uids_find(u, key)) return 0;
  find_free_path(u, path, &free_path);
  insert(u, key, uid, free_path.s);
  text_add_format(&u->lines, "%s %lu %s\n", key, (unsigned long)uid, free_path.s);
  text_free(&free_path);
  u->is_changed = true;
  return uids_find(u, key);
}

/* One of two words of a line; each may be named once. */
static struct uids_entry *take_key(const struct uids *u, struct names *seen, const char *word, size_t length, text *error)
{
  text key = TEXT_ZERO;

  text_add_bytes(&key, word, length);
  struct uids_entry *e = map_find(&u->by_key, text_string(&key));
  if (!e)
    text_add_format(error, "no mailbox has the key %s", key.s);
  else if (!names_add(seen, key.s))
    text_add_format(error, "the key %s is there twice", key.s);
  text_free(&key);
  return error->len ? 0 : e;
}

static void write_lines(struct uids *u)
{
  const struct uids_entry **by_age = calloc(u->count + 1, sizeof *by_age);

  if (!by_age) die_nomem();
  for (size_t i = 0; i < u->by_key.room; i++) {
    const struct uids_entry *e = u->by_key.slots[i].value;
    if (u->by_key.slots[i].key) by_age[e->age] = e;
  }
  text_clear(&u->lines);
  for (size_t i = 0; i < u->count; i++) text_add_format(&u->lines, "%s %lu %s\n", by_age[i]->key, (unsigned long)by_age[i]->uid, by_age[i]->path);
  free(by_age);
}

bool uids_exchange(struct uids *u, const text *pairs, text *error)
{
  struct names seen = NAMES_ZERO;

  for (size_t at = 0; !error->len && at < pairs->len;) {
    const char *line = pairs->s + at, *newline = memchr(line, '\n', pairs->len - at), *space = newline ? memchr(line, ' ', (size_t)(newline - line)) : 0;
    if (!space) {
      text_add(error, "not KEY OTHER");
      break;
    }
    at = (size_t)(newline - pairs->s) + 1;
    struct uids_entry *one = take_key(u, &seen, line, (size_t)(space - line), error), *other = one ? take_key(u, &seen, space + 1, (size_t)(newline - space) - 1, error) : 0;
    if (!other) break;
    const char *key = one->key;
    one->key = other->key;
    other->key = key;
    u->is_changed = true;
  }
  names_free(&seen);
  text_string(error);
  if (!error->len && u->is_changed) write_lines(u);
  return !error->len;
}

bool uids_save(struct uids *u)
{
  if (!u->is_changed) return true;
  if (!file_replace("state/tables", "uids", &u->lines, 0600)) return false;
  u->is_changed = false;
  return true;
}
