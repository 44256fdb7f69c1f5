#include "ldapsync/replica.h"

#include <stdlib.h>
#include <string.h>

#include "ldapsync/changes.h"
#include "lib/die.h"
#include "lib/hash.h"

/* An entryUUID need not be random; some are made of time and place: all its bytes count. */
static size_t place_of(const struct replica *r, const unsigned char *uuid)
{
  return (size_t)hash_bytes(uuid, SYNCVALUE_UUID) & (r->room - 1);
}

/* How long the line of the DN is, with those that continue it. */
static size_t dn_length(const struct replica_entry *e)
{
  const char *ldif = replica_ldif(e), *end = ldif + e->ldif_length, *at = ldif;

  do at = (at = memchr(at, '\n', (size_t)(end - at))) ? at + 1 : end;
  while (at < end && *at == ' ');
  return (size_t)(at - ldif);
}

static struct replica_entry **chain_of_dn(const struct replica *r, const struct replica_entry *e)
{
  return &r->dns[hash_bytes(replica_ldif(e), dn_length(e)) & (r->room - 1)];
}

static void chain_dn(struct replica *r, struct replica_entry *e)
{
  struct replica_entry **first = chain_of_dn(r, e);

  e->next_dn = *first;
  *first = e;
}

static void unchain_dn(struct replica *r, struct replica_entry *e)
{
  struct replica_entry **at = chain_of_dn(r, e);

  while (*at != e) at = &(*at)->next_dn;
  *at = e->next_dn;
}

static struct replica_entry **make_slots(size_t room)
{
  struct replica_entry **slots = calloc(room, sizeof *slots);
  if (!slots) die_nomem();
  return slots;
}

static void grow(struct replica *r)
{
  struct replica_entry **old = r->slots;
  size_t old_room = r->room;

  r->room = old_room ? old_room * 2 : 1024;
  r->slots = make_slots(r->room);
  free(r->dns);
  r->dns = make_slots(r->room);
  for (size_t i = 0; i < old_room; i++)
    for (struct replica_entry *e = old[i], *next; e; e = next) {
      size_t at = place_of(r, e->uuid);
      next = e->next;
      e->next = r->slots[at];
      r->slots[at] = e;
      if (e->key) chain_dn(r, e);
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

static bool has_same_dn(const struct replica_entry *a, const struct replica_entry *b)
{
  size_t length = dn_length(a);
  return length == dn_length(b) && !memcmp(replica_ldif(a), replica_ldif(b), length);
}

/* Nothing has the DN that this one has had: it is out of its chain. One that came to that DN before this one left it stays there. */
static void note_gone(struct replica *r, const struct replica_entry *e)
{
  const struct replica_entry *other = *chain_of_dn(r, e);

  while (other && !has_same_dn(other, e)) other = other->next_dn;
  if (!other) changes_add_deletion(&r->gone, e->uuid, SYNCVALUE_UUID, replica_ldif(e), e->ldif_length);
}

static void note_changed(struct replica *r, struct replica_entry *e)
{
  if (!e->is_changed) text_add_bytes(&r->changed, (const char *)e->uuid, SYNCVALUE_UUID);
  e->is_changed = true;
}

static uint64_t hash_of(const struct replica_entry *e) { return hash_add(HASH_START, replica_ldif(e), e->ldif_length); }

static void fill(struct replica *r, struct replica_entry *e, const text *key, const text *ldif)
{
  struct replica_entry old = *e;

  if (e->key) {
    unchain_dn(r, e);
    r->sum -= hash_of(e);
  }
  e->key = malloc(key->len + 1 + ldif->len);
  if (!e->key) die_nomem();
  memcpy(e->key, key->s, key->len);
  e->key[key->len] = 0;
  memcpy(e->key + key->len + 1, ldif->s, ldif->len);
  e->key_length = key->len;
  e->ldif_length = ldif->len;
  chain_dn(r, e);
  r->sum += hash_of(e);
  if (!old.key || strcmp(e->key, old.key)) r->is_sorted = false;
  if (old.key && !has_same_dn(&old, e)) note_gone(r, &old);
  free(old.key);
}

static bool is_same(const struct replica_entry *e, const text *key, const text *ldif)
{
  return e->key && e->key_length == key->len && e->ldif_length == ldif->len && !memcmp(e->key, key->s, key->len) && !memcmp(replica_ldif(e), ldif->s, ldif->len);
}

bool replica_set(struct replica *r, const unsigned char *uuid, const text *key, const text *ldif)
{
  struct replica_entry *e = *find(r, uuid);

  if (!e) e = add(r, uuid);
  e->seen = r->refresh;
  if (is_same(e, key, ldif)) return false;
  fill(r, e, key, ldif);
  note_changed(r, e);
  return true;
}

static void drop(struct replica *r, struct replica_entry **at)
{
  struct replica_entry *e = *at;

  *at = e->next;
  unchain_dn(r, e);
  note_gone(r, e);
  r->sum -= hash_of(e);
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
  free(r->dns);
  free(r->sorted);
  text_free(&r->cookie);
  text_free(&r->gone);
  text_free(&r->changed);
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

const char *replica_find(struct replica *r, const unsigned char *uuid, size_t *length)
{
  struct replica_entry *e = *find(r, uuid);

  if (e) *length = e->ldif_length;
  return e ? replica_ldif(e) : 0;
}

void replica_walk(const struct replica *r, void (*each)(void *to, const unsigned char *uuid, const char *ldif, size_t length), void *to)
{
  for (size_t i = 0; i < r->room; i++)
    for (const struct replica_entry *e = r->slots[i]; e; e = e->next) each(to, e->uuid, replica_ldif(e), e->ldif_length);
}

bool replica_add(struct replica *r, const unsigned char *uuid, const text *key, const text *ldif)
{
  if (*find(r, uuid)) return false;
  fill(r, add(r, uuid), key, ldif);
  return true;
}

void replica_changes_format(struct replica *r, text *batch)
{
  text_clear(batch);
  if (!r->gone.len && !r->changed.len) return;
  changes_batch_begin(batch);
  text_add_text(batch, &r->gone);
  for (size_t at = 0; at < r->changed.len; at += SYNCVALUE_UUID) {
    const struct replica_entry *e = *find(r, (const unsigned char *)r->changed.s + at);
    if (e) changes_add_entry(batch, e->uuid, SYNCVALUE_UUID, replica_ldif(e), e->ldif_length); /* else it has gone since */
  }
  changes_batch_end(batch);
}

void replica_changes_forget(struct replica *r)
{
  for (size_t at = 0; at < r->changed.len; at += SYNCVALUE_UUID) {
    struct replica_entry *e = *find(r, (const unsigned char *)r->changed.s + at);
    if (e) e->is_changed = false;
  }
  text_clear(&r->gone);
  text_clear(&r->changed);
  r->file_sum = r->sum;
}
