#include "imap/bases.h"

#include <stdlib.h>

#include "lib/die.h"

/* FNV-1a, mixed: in a Maildir nobody but its owner chooses names. */
static uint32_t hash(const char *bytes, size_t length)
{
  uint32_t h = 2166136261u;

  for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)bytes[i]) * 16777619u;
  h ^= h >> 15;
  h *= 2246822519u;
  return h ^ h >> 13;
}

void imap_bases_clear(struct imap_bases *b, size_t expected)
{
  free(b->slots);
  for (b->size = 64; b->size < expected * 2; b->size *= 2) {}
  b->slots = calloc(b->size, sizeof *b->slots);
  if (!b->slots) die_nomem();
  b->used = 0;
}

bool imap_bases_add(struct imap_bases *b, const char *base, size_t length, size_t place)
{
  uint32_t h = hash(base, length);
  size_t at = h & (b->size - 1);

  if (b->used * 4 >= b->size * 3) return false;
  while (b->slots[at]) at = (at + 1) & (b->size - 1);
  b->slots[at] = (uint64_t)h << 32 | (uint32_t)(place + 1);
  b->used++;
  return true;
}

struct imap_bases_walk imap_bases_find(const struct imap_bases *b, const char *base, size_t length)
{
  uint32_t h = hash(base, length);

  return (struct imap_bases_walk){ h, h & (b->size - 1) };
}

bool imap_bases_next(const struct imap_bases *b, struct imap_bases_walk *w, size_t *place)
{
  while (b->slots[w->at]) {
    uint64_t slot = b->slots[w->at];
    w->at = (w->at + 1) & (b->size - 1);
    if (slot >> 32 != w->hash) continue;
    *place = (uint32_t)slot - 1;
    return true;
  }
  return false;
}

void imap_bases_free(struct imap_bases *b)
{
  free(b->slots);
  b->slots = 0;
  b->size = b->used = 0;
}
