#include "ldapsync/replica.h"

#include <stdlib.h>
#include <string.h>

#include "ldapsync/source.h"
#include "lib/die.h"
#include "lib/hash.h"
#include "lib/hex.h"

#define EDITION "postroom-watch 1"

struct replica_entry {
  struct replica_entry *next; /* of its chain */
  unsigned char uuid[SYNCVALUE_UUID];
  unsigned int seen;          /* in which refresh */
  size_t key_length, ldif_length;
  char *key;                  /* ended by a NUL; its LDIF lies behind it */
};

static const char *ldif_of(const struct replica_entry *e) { return e->key + e->key_length + 1; }

/* An entryUUID need not be random; some are made of time and place: all its bytes count. */
static size_t place_of(const struct replica *r, const unsigned char *uuid)
{
  return (size_t)hash_bytes(uuid, SYNCVALUE_UUID) & (r->room - 1);
}

static void grow(struct replica *r)
{
  struct replica_entry **old = r->slots;
  size_t old_room = r->room;

  r->room = old_room ? old_room * 2 : 1024;
  r->slots = calloc(r->room, sizeof *r->slots);
  if (!r->slots) die_nomem();
  for (size_t i = 0; i < old_room; i++)
    for (struct replica_entry *e = old[i], *next; e; e = next) {
      size_t at = place_of(r, e->uuid);
      next = e->next;
      e->next = r->slots[at];
      r->slots[at] = e;
    }
  free(old);
}

/* Where the pointer to it is: in its chain, or the end of that. */
static struct replica_entry **find(struct replica *r, const unsigned char *uuid)
{
  if (!r->room) grow(r);
  struct replica_entry **at = &r->slots[place_of(r, uuid)];
  while (*at && memcmp((*at)->uuid, uuid, SYNCVALUE_UUID)) at = &(*at)->next;
  return at;
}

static struct replica_entry *add(struct replica *r, const unsigned char *uuid)
{
  if (r->count >= r->room) grow(r);
  struct replica_entry **at = find(r, uuid), *e = calloc(1, sizeof *e);

  if (!e) die_nomem();
  memcpy(e->uuid, uuid, SYNCVALUE_UUID);
  *at = e;
  r->count++;
  r->is_sorted = false;
  return e;
}

void replica_set(struct replica *r, const unsigned char *uuid, const text *key, const text *ldif)
{
  struct replica_entry *e = *find(r, uuid);
  char *bytes = malloc(key->len + 1 + ldif->len);

  if (!bytes) die_nomem();
  memcpy(bytes, key->s, key->len);
  bytes[key->len] = 0;
  memcpy(bytes + key->len + 1, ldif->s, ldif->len);
  if (!e) e = add(r, uuid);
  if (!e->key || strcmp(e->key, bytes)) r->is_sorted = false;
  free(e->key);
  e->key = bytes;
  e->key_length = key->len;
  e->ldif_length = ldif->len;
  e->seen = r->refresh;
}

static void drop(struct replica *r, struct replica_entry **at)
{
  struct replica_entry *e = *at;

  *at = e->next;
  free(e->key);
  free(e);
  r->count--;
  r->is_sorted = false;
}

bool replica_delete(struct replica *r, const unsigned char *uuid)
{
  struct replica_entry **at = find(r, uuid);

  if (!*at) return false;
  drop(r, at);
  return true;
}

void replica_clear(struct replica *r)
{
  for (size_t i = 0; i < r->room; i++)
    while (r->slots[i]) drop(r, &r->slots[i]);
  free(r->slots);
  free(r->sorted);
  text_free(&r->cookie);
  *r = (struct replica)REPLICA_ZERO;
}

void replica_refresh_begin(struct replica *r) { r->refresh++; }

bool replica_see(struct replica *r, const unsigned char *uuid)
{
  struct replica_entry *e = *find(r, uuid);

  if (e) e->seen = r->refresh;
  return e;
}

size_t replica_delete_unseen(struct replica *r)
{
  size_t before = r->count;

  for (size_t i = 0; i < r->room; i++)
    for (struct replica_entry **at = &r->slots[i]; *at;)
      if ((*at)->seen != r->refresh)
        drop(r, at);
      else
        at = &(*at)->next;
  return before - r->count;
}

static int compare(const void *a, const void *b)
{
  return strcmp((*(struct replica_entry *const *)a)->key, (*(struct replica_entry *const *)b)->key);
}

static void sort(struct replica *r)
{
  size_t count = 0;

  if (r->is_sorted) return;
  free(r->sorted);
  r->sorted = malloc((r->count + 1) * sizeof *r->sorted);
  if (!r->sorted) die_nomem();
  for (size_t i = 0; i < r->room; i++)
    for (struct replica_entry *e = r->slots[i]; e; e = e->next) r->sorted[count++] = e;
  qsort(r->sorted, count, sizeof *r->sorted, compare);
  r->is_sorted = true;
}

void replica_format(struct replica *r, text *file)
{
  sort(r);
  text_copy(file, SOURCE_HEAD);
  for (size_t i = 0; i < r->count; i++) text_add_bytes(file, ldif_of(r->sorted[i]), r->sorted[i]->ldif_length);
}

void replica_state_format(struct replica *r, const char *origin, const char *digest, text *state)
{
  sort(r);
  text_clear(state);
  text_add_format(state, EDITION "\n%s\n%s\n", origin, digest);
  hex_add(state, r->cookie.s, r->cookie.len);
  text_add_char(state, '\n');
  for (size_t i = 0; i < r->count; i++) {
    hex_add(state, r->sorted[i]->uuid, SYNCVALUE_UUID);
    text_add_char(state, '\n');
  }
}

/* The next line, whole, without its end. */
static bool next_line(const text *bytes, size_t *at, const char **line, size_t *length)
{
  const char *end = *at < bytes->len ? memchr(bytes->s + *at, '\n', bytes->len - *at) : 0;

  if (!end) return false;
  *line = bytes->s + *at;
  *length = (size_t)(end - *line);
  *at += *length + 1;
  return true;
}

static bool next_is(const text *bytes, size_t *at, const char *expected)
{
  const char *line;
  size_t length;
  return next_line(bytes, at, &line, &length) && length == strlen(expected) && !memcmp(line, expected, length);
}

static bool unhex(const char *hex, size_t length, text *bytes)
{
  text_clear(bytes);
  for (size_t i = 0; i + 1 < length; i += 2) {
    int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return false;
    text_add_char(bytes, (char)(high << 4 | low));
  }
  return length % 2 == 0;
}

static bool parse_head(struct replica *r, const text *state, size_t *at, const char *origin, const char *digest)
{
  const char *line;
  size_t length;

  return next_is(state, at, EDITION) && next_is(state, at, origin) && next_is(state, at, digest) &&
         next_line(state, at, &line, &length) && unhex(line, length, &r->cookie) && r->cookie.len;
}

/* What source_entry sorts an entry by, from what it has written. */
static void key_of(const struct profile *p, const text *attributes, const struct ldif_entry *e, text *key)
{
  text_clear(key);
  for (size_t at = 0; at < attributes->len; at += strlen(attributes->s + at) + 1) {
    size_t value_at = 0, length;
    const char *name = attributes->s + at;
    if (!profile_has(p, "key", name)) continue;
    for (const char *value; (value = ldif_entry_next(e, name, &value_at, &length));) hex_add(key, value, length);
  }
  text_add(key, e->dn.s);
}

/* One entry of the file and one line of the state after the other. */
static bool parse_entries(struct replica *r, const struct profile *p, const text *file, const text *state, size_t at)
{
  struct ldif ldif;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  enum ldif_result result = LDIF_END;
  text attributes = TEXT_ZERO, key = TEXT_ZERO, bytes = TEXT_ZERO, uuid = TEXT_ZERO;
  const char *line;
  size_t length, begin = strlen(SOURCE_HEAD);
  bool good = true;

  profile_attributes(p, &attributes);
  ldif_begin(&ldif, file->s, file->len);
  while (good && (result = ldif_next(&ldif, &e)) == LDIF_ENTRY) {
    good = next_line(state, &at, &line, &length) && unhex(line, length, &uuid) && uuid.len == SYNCVALUE_UUID && ldif.at > begin;
    if (!good) break;
    text_copy_bytes(&bytes, file->s + begin, ldif.at - begin);
    key_of(p, &attributes, &e, &key);
    replica_set(r, (const unsigned char *)uuid.s, &key, &bytes);
    begin = ldif.at;
  }
  good = good && result == LDIF_END && begin == file->len && at == state->len;
  ldif_entry_free(&e);
  ldif_free(&ldif);
  text_free(&attributes);
  text_free(&key);
  text_free(&bytes);
  text_free(&uuid);
  return good;
}

bool replica_parse(struct replica *r, const struct profile *p, const text *file, const text *state, const char *origin, const char *digest)
{
  size_t at = 0;

  if (parse_head(r, state, &at, origin, digest) && parse_entries(r, p, file, state, at)) return true;
  replica_clear(r);
  return false;
}
