#include "ldapsync/groups_index.h"

#include <stdlib.h>
#include <string.h>

#include "ldapsync/dn.h"
#include "lib/die.h"

struct named {
  void *first; /* 0: nobody's */
  size_t claims;
  char name[];
};

void groups_index_fold(text *folded, const char *value)
{
  text_copy(folded, value);
  text_lower(folded);
  text_string(folded);
}

bool groups_index_add(struct map *m, const char *name, void *value)
{
  struct named *known = map_find(m, name);
  size_t length = strlen(name) + 1;

  if (!known) {
    known = malloc(sizeof *known + length);
    if (!known) die_nomem();
    known->claims = 0;
    memcpy(known->name, name, length);
    map_add(m, known->name, known);
  }
  if (known->claims++) return false;
  known->first = value;
  return true;
}

void *groups_index_find(const struct map *m, const char *name)
{
  const struct named *known = map_find(m, name);
  return known ? known->first : 0;
}

static bool forget(struct map *m, const char *name, const void *value)
{
  struct named *known = map_find(m, name);

  if (!known || known->claims != 1 || known->first != value) return false;
  known->first = 0;
  known->claims = 0;
  return true;
}

bool groups_index_person(struct groups_index *x, const text *facts, struct account *a)
{
  text folded = TEXT_ZERO;
  size_t at = 0;
  const char *dn = record_find(facts, "dn");

  if (!dn) return true;
  dn_fold(dn, &folded);
  bool good = groups_index_add(&x->people, folded.s, a);
  for (const char *login; (login = record_next(facts, "login", &at));) {
    groups_index_fold(&folded, login);
    if (!groups_index_add(&x->logins, folded.s, a)) good = false;
  }
  text_free(&folded);
  return good;
}

bool groups_index_forget(struct groups_index *x, const text *facts, const struct account *a)
{
  text folded = TEXT_ZERO;
  size_t at = 0;
  const char *dn = record_find(facts, "dn");

  if (!dn) return true;
  dn_fold(dn, &folded);
  bool good = forget(&x->people, folded.s, a);
  for (const char *login; good && (login = record_next(facts, "login", &at));) {
    groups_index_fold(&folded, login);
    good = forget(&x->logins, folded.s, a);
  }
  text_free(&folded);
  return good;
}

static void free_map(struct map *m)
{
  for (size_t i = 0; i < m->room; i++) free(m->slots[i].value);
  map_free(m);
}

void groups_index_free(struct groups_index *x)
{
  free_map(&x->people);
  free_map(&x->groups);
  free_map(&x->logins);
  free_map(&x->ids);
}
