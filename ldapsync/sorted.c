#include "ldapsync/sorted.h"

#include <stdlib.h>
#include <string.h>

#include "lib/die.h"

static char *at(const struct sorted *s, size_t i) { return (char *)s->all + i * s->size; }

size_t sorted_find(const struct sorted *s, const void *one)
{
  size_t from = 0, to = s->count;

  while (from < to) {
    size_t middle = from + (to - from) / 2;
    if (s->compare(at(s, middle), one) < 0)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

/* Where each of GONE is; equal ones are each another. */
static bool find_places(const struct sorted *s, const char *gone, size_t count, size_t *places)
{
  for (size_t i = 0; i < count; i++) {
    const char *one = gone + i * s->size;
    bool is_again = i && !s->compare(one - s->size, one);
    places[i] = is_again ? places[i - 1] + 1 : sorted_find(s, one);
    if (places[i] >= s->count || s->compare(at(s, places[i]), one)) return false;
  }
  return true;
}

/* Those of FRESH that are equal to one that goes take its place; what is left of both moves to the front. */
static void pair(const struct sorted *s, const char *gone, size_t *places, size_t *gone_count, char *fresh, size_t *fresh_count)
{
  size_t g = 0, f = 0, kept_gone = 0, kept_fresh = 0;

  while (g < *gone_count || f < *fresh_count) {
    int order = g == *gone_count ? 1 : f == *fresh_count ? -1 : s->compare(gone + g * s->size, fresh + f * s->size);
    if (!order)
      memcpy(at(s, places[g++]), fresh + f++ * s->size, s->size);
    else if (order < 0)
      places[kept_gone++] = places[g++];
    else
      memmove(fresh + kept_fresh++ * s->size, fresh + f++ * s->size, s->size);
  }
  *gone_count = kept_gone;
  *fresh_count = kept_fresh;
}

static void take_out(struct sorted *s, const size_t *places, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    size_t end = i + 1 < count ? places[i + 1] : s->count;
    memmove(at(s, places[i] - i), at(s, places[i] + 1), (end - places[i] - 1) * s->size);
  }
  s->count -= count;
}

static void put_in(struct sorted *s, const char *fresh, size_t count)
{
  size_t end = s->count;

  if (s->count + count > s->room) {
    s->room = s->count + count + s->count / 16 + 64;
    s->all = realloc(s->all, s->room * s->size);
    if (!s->all) die_nomem();
  }
  for (size_t i = count; i--;) { /* from behind, so each is moved once */
    size_t place = sorted_find(s, fresh + i * s->size);
    memmove(at(s, place + i + 1), at(s, place), (end - place) * s->size);
    memcpy(at(s, place + i), fresh + i * s->size, s->size);
    end = place;
  }
  s->count += count;
}

bool sorted_exchange(struct sorted *s, void *gone, size_t gone_count, void *fresh, size_t fresh_count)
{
  size_t *places = malloc((gone_count + 1) * sizeof *places);

  if (!places) die_nomem();
  if (gone_count) qsort(gone, gone_count, s->size, s->compare);
  if (fresh_count) qsort(fresh, fresh_count, s->size, s->compare);
  bool good = find_places(s, gone, gone_count, places);
  if (good) {
    pair(s, gone, places, &gone_count, fresh, &fresh_count);
    take_out(s, places, gone_count);
    put_in(s, fresh, fresh_count);
  }
  free(places);
  return good;
}
