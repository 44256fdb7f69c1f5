#include <stdlib.h>
#include <string.h>

#include "ldapsync/map.h"
#include "lib/die.h"
#include "lib/hash.h"

enum { FIRST_ROOM = 64 };

static struct map_slot *find_slot(const struct map *m, const char *key, uint64_t hash)
{
  size_t i = hash & (m->room - 1);
  while (m->slots[i].key && (m->slots[i].hash != hash || strcmp(m->slots[i].key, key))) i = (i + 1) & (m->room - 1);
  return &m->slots[i];
}

static void grow(struct map *m)
{
  struct map_slot *old = m->slots;
  size_t room = m->room;

  m->room = room ? room * 2 : FIRST_ROOM;
  m->slots = calloc(m->room, sizeof *m->slots);
  if (!m->slots) die_nomem();
  for (size_t i = 0; i < room; i++)
    if (old[i].key) *find_slot(m, old[i].key, old[i].hash) = old[i];
  free(old);
}

bool map_add(struct map *m, const char *key, void *value)
{
  if (m->count >= m->room / 2) grow(m);
  uint64_t hash = hash_string(key);
  struct map_slot *slot = find_slot(m, key, hash);
  if (slot->key) return false;
  *slot = (struct map_slot){ key, value, hash };
  m->count++;
  return true;
}

void *map_find(const struct map *m, const char *key) { return m->count ? find_slot(m, key, hash_string(key))->value : 0; }

void map_free(struct map *m)
{
  free(m->slots);
  *m = (struct map)MAP_ZERO;
}
