/* sorted: a sorted array of many, of which a few are changed: what takes the place of an equal one costs the looking up; else everything behind
   the first change is moved once. No I/O. */

#ifndef LDAPSYNC_SORTED_H
#define LDAPSYNC_SORTED_H

#include <stdbool.h>
#include <stddef.h>

typedef int sorted_compare(const void *a, const void *b);

struct sorted {
  void *all; /* from malloc */
  size_t count, room;
  size_t size; /* of one */
  sorted_compare *compare;
};

/* GONE, each equal to one that is there, go; FRESH come. Both are sorted by this. False, and nothing is done, if one of GONE is not there. */
bool sorted_exchange(struct sorted *s, void *gone, size_t gone_count, void *fresh, size_t fresh_count);

/* Where the first one is that is not before this; count: nowhere. */
size_t sorted_find(const struct sorted *s, const void *one);

#endif
