/* groups_index: where members of the directory are looked up: people and groups by DN, people by login, groups by number. It stays, and follows
   who comes and goes. */

#ifndef LDAPSYNC_GROUPS_INDEX_H
#define LDAPSYNC_GROUPS_INDEX_H

#include "ldapsync/accounts.h"
#include "ldapsync/map.h"

struct groups_index {
  struct map people, groups, logins, ids; /* names folded */
};
#define GROUPS_INDEX_ZERO { .people = MAP_ZERO, .groups = MAP_ZERO, .logins = MAP_ZERO, .ids = MAP_ZERO }

/* The first one of a name counts. False: it was there already. */
bool groups_index_add(struct map *m, const char *name, void *value);
void *groups_index_find(const struct map *m, const char *name);

/* facts: what stands in an entry now, or stood there. False: another one has the name too, and it is not known here who it is. */
bool groups_index_person(struct groups_index *x, const text *facts, struct account *a);
bool groups_index_forget(struct groups_index *x, const text *facts, const struct account *a);

void groups_index_fold(text *folded, const char *value); /* of what is no DN */
void groups_index_free(struct groups_index *x);

#endif
