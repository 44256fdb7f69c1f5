/* map: strings to places in memory. The keys are the caller's, and stay where they are. */

#ifndef LDAPSYNC_MAP_H
#define LDAPSYNC_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
  const char *key; /* 0: free */
  void *value;
  uint64_t hash;
};
struct map {
  struct map_slot *slots;
  size_t room, count;
};
#define MAP_ZERO { 0, 0, 0 }

bool map_add(struct map *m, const char *key, void *value); /* false: the key is there, and stays as it is */
void *map_find(const struct map *m, const char *key);      /* 0: it is not there */
void map_free(struct map *m);

#endif
