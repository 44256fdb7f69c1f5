#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/names.h"
#include "lib/hash.h"

enum { FIRST_SLOTS = 16 };

/* The slot that holds the name, or the free one where it belongs. Names come from tables that we made, or are at most
   control/maxrcptcount of a client's. */
static size_t *find_slot(const struct names *n, const char *name)
{
  size_t i = (size_t)hash_string(name) & (n->slot_count - 1);
  while (n->slots[i] && strcmp(n->strings.s + n->slots[i] - 1, name)) i = (i + 1) & (n->slot_count - 1);
  return &n->slots[i];
}

static void grow(struct names *n)
{
  n->slot_count = n->slot_count ? n->slot_count * 2 : FIRST_SLOTS;
  free(n->slots);
  n->slots = calloc(n->slot_count, sizeof *n->slots);
  if (!n->slots) die_nomem();
  for (size_t at = 0; at < n->strings.len; at += strlen(n->strings.s + at) + 1)
    *find_slot(n, n->strings.s + at) = at + 1;
}

bool names_add(struct names *n, const char *name)
{
  if (n->count >= n->slot_count / 2) grow(n);
  size_t *slot = find_slot(n, name);
  if (*slot) return false;
  *slot = n->strings.len + 1;
  text_add_bytes(&n->strings, name, strlen(name) + 1);
  n->count++;
  return true;
}

bool names_have(const struct names *n, const char *name) { return n->count && *find_slot(n, name); }

void names_clear(struct names *n)
{
  text_clear(&n->strings);
  n->count = 0;
  if (n->slots) memset(n->slots, 0, n->slot_count * sizeof *n->slots);
}

void names_free(struct names *n)
{
  text_free(&n->strings);
  free(n->slots);
  *n = (struct names)NAMES_ZERO;
}
