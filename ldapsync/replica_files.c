#include <stdlib.h>
#include <string.h>

#include "ldapsync/changes.h"
#include "ldapsync/replica.h"
#include "ldapsync/source.h"
#include "lib/die.h"
#include "lib/hash.h"
#include "lib/hex.h"

#define EDITION "postroom-watch 2"
#define IDS_EDITION "postroom-ids 1"

enum { LINE = 2 * SYNCVALUE_UUID + 1 }; /* of an id */

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
  for (size_t i = 0; i < r->count; i++) text_add_bytes(file, replica_ldif(r->sorted[i]), r->sorted[i]->ldif_length);
}

void replica_state_format(const struct replica *r, const char *origin, const char *digest, size_t length, text *state)
{
  text_clear(state);
  text_add_format(state, EDITION "\n%s\n%s\n", origin, digest);
  hex_add(state, r->cookie.s, r->cookie.len);
  text_add_format(state, "\n%zu\n", length);
}

void replica_ids_format(struct replica *r, const char *origin, const char *digest, text *ids)
{
  sort(r);
  text_clear(ids);
  text_add_format(ids, IDS_EDITION "\n%s\n%s\n", origin, digest);
  for (size_t i = 0; i < r->count; i++) {
    hex_add(ids, r->sorted[i]->uuid, SYNCVALUE_UUID);
    text_add_char(ids, '\n');
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

bool replica_is_of(const struct replica *r, const text *file)
{
  struct changes c;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  uint64_t sum = 0;
  size_t length;

  changes_begin(&c, file->s, file->len);
  while (changes_next(&c, &e) == LDIF_ENTRY) {
    const char *ldif = changes_ldif(&c, &length);
    sum += hash_add(HASH_START, ldif, length);
  }
  changes_free(&c);
  ldif_entry_free(&e);
  return sum == r->sum || sum == r->file_sum;
}

static bool parse_state(struct replica *r, const text *state, const char *origin, const char *digest, uint64_t *length)
{
  const char *line;
  size_t size, at = 0;

  return next_is(state, &at, EDITION) && next_is(state, &at, origin) && next_is(state, &at, digest) && next_line(state, &at, &line, &size) &&
         unhex(line, size, &r->cookie) && r->cookie.len && next_line(state, &at, &line, &size) &&
         number_scan_bytes(line, size, SIZE_MAX, length) && at == state->len;
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

/* The ids of the full pass stand in lines of one length, in its order. */
static bool id_of(const struct changes *c, const text *ids, size_t ids_at, text *uuid)
{
  size_t length = LINE - 1;
  const char *hex;

  if (c->entry >= c->full) {
    hex = changes_id(c, &length);
    return hex && unhex(hex, length, uuid) && uuid->len == SYNCVALUE_UUID;
  }
  size_t at = ids_at + (c->full_entries - 1) * LINE;
  return at + LINE <= ids->len && ids->s[at + LINE - 1] == '\n' && unhex(ids->s + at, length, uuid);
}

static bool parse_entries(struct replica *r, const struct profile *p, const text *file, const text *ids, size_t ids_at)
{
  struct changes c;
  struct ldif_entry e = LDIF_ENTRY_ZERO;
  enum ldif_result result = LDIF_END;
  text attributes = TEXT_ZERO, key = TEXT_ZERO, uuid = TEXT_ZERO, ldif = TEXT_ZERO;
  size_t length;
  bool good = true;

  profile_attributes(p, &attributes);
  changes_begin(&c, file->s, file->len);
  while (good && (result = changes_next(&c, &e)) == LDIF_ENTRY) {
    const char *bytes = changes_ldif(&c, &length);
    text_copy_bytes(&ldif, bytes, length);
    key_of(p, &attributes, &e, &key);
    good = id_of(&c, ids, ids_at, &uuid) && replica_add(r, (const unsigned char *)uuid.s, &key, &ldif);
  }
  good = good && result == LDIF_END && ids_at + c.full_entries * LINE == ids->len;
  changes_free(&c);
  ldif_entry_free(&e);
  text_free(&attributes);
  text_free(&key);
  text_free(&uuid);
  text_free(&ldif);
  return good;
}

bool replica_parse(struct replica *r, const struct profile *p, const struct replica_files *f, const char *origin, const char *digest, uint64_t *length)
{
  size_t at = 0;

  if (parse_state(r, f->state, origin, digest, length) && next_is(f->ids, &at, IDS_EDITION) && next_is(f->ids, &at, origin) &&
      next_is(f->ids, &at, digest) && parse_entries(r, p, f->file, f->ids, at)) {
    replica_changes_forget(r);
    return true;
  }
  replica_clear(r);
  return false;
}
