#include "ldapsync/groups_follow.h"

#include <stdlib.h>

#include "ldapsync/dn.h"
#include "ldapsync/targets.h"
#include "lib/die.h"
#include "lib/hash.h"

/* Names that mean somebody else now, or nobody, or somebody again: hashes of what groups may list. */
struct hashes {
  uint64_t *all;
  size_t count, room;
};

static void add_hash(struct hashes *h, const text *folded)
{
  if (h->count == h->room) {
    h->room = h->room ? h->room * 2 : 16;
    h->all = realloc(h->all, h->room * sizeof *h->all);
    if (!h->all) die_nomem();
  }
  h->all[h->count++] = hash_string(folded->s);
}

static int compare(const void *x, const void *y)
{
  const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
  return (a > b) - (a < b);
}

static bool has(const struct hashes *h, uint64_t hash) { return h->count && bsearch(&hash, h->all, h->count, sizeof hash, compare); }

/* By which names an entry is found, and the groups that it says it is in. */
static void take_facts(struct groups *g, const text *facts, struct hashes *names)
{
  text folded = TEXT_ZERO;
  size_t at = 0;
  const char *dn = facts ? record_find(facts, "dn") : 0;

  if (!dn) return;
  dn_fold(dn, &folded);
  add_hash(names, &folded);
  for (const char *login; (login = record_next(facts, "login", &at));) {
    groups_index_fold(&folded, login);
    add_hash(names, &folded);
  }
  at = 0;
  for (const char *id; (id = record_next(facts, "in-group", &at));) {
    groups_index_fold(&folded, id);
    struct mail_group *claimed = groups_index_find(&g->index.ids, folded.s);
    if (claimed) claimed->is_dirty = true;
  }
  text_free(&folded);
}

/* Old names first: two may exchange theirs. */
static bool index_again(struct groups *g, const struct groups_news *news)
{
  for (size_t i = 0; i < news->count; i++)
    if (news->people[i].was && !groups_index_forget(&g->index, news->people[i].was, news->people[i].old)) return false;
  for (size_t i = 0; i < news->count; i++)
    if (news->people[i].is && !groups_index_person(&g->index, news->people[i].is, news->people[i].now)) return false;
  return true;
}

static bool lists(const struct mail_group *one, const struct hashes *names)
{
  for (size_t i = 0; i < one->value_count; i++)
    if (has(names, one->values[i])) return true;
  return false;
}

/* Addresses and names that a group lists may be anybody's: those groups are always looked at. */
static void find_dirty(struct groups *g, const struct groups_news *news)
{
  struct hashes names = { .all = 0 };

  for (size_t i = 0; i < news->count; i++) {
    take_facts(g, news->people[i].was, &names);
    take_facts(g, news->people[i].is, &names);
  }
  if (names.count) qsort(names.all, names.count, sizeof *names.all, compare);
  for (size_t i = 0; i < g->count; i++) {
    struct mail_group *one = &g->all[i];
    if (!one->is_dirty) one->is_dirty = (news->count && record_find(&one->facts->facts, "member")) || lists(one, &names);
  }
  free(names.all);
}

static bool has_affected(const struct mail_group *one)
{
  for (size_t i = 0; i < one->count; i++)
    if (one->members[i].group && one->members[i].group->is_affected) return true;
  return false;
}

static void spread(struct groups *g)
{
  for (size_t i = 0; i < g->count; i++) g->all[i].is_affected = g->all[i].is_dirty;
  for (bool is_more = true; is_more;) {
    is_more = false;
    for (size_t i = 0; i < g->count; i++)
      if (!g->all[i].is_affected && has_affected(&g->all[i])) is_more = g->all[i].is_affected = true;
  }
}

static void resolve_dirty(struct groups *g, const struct build *b, const struct targets *t)
{
  bool has_claims = false;

  for (size_t i = 0; i < g->count; i++) {
    if (!g->all[i].is_dirty) continue;
    groups_resolve_one(g, &g->all[i], t);
    if (record_find(&g->all[i].facts->facts, "id")) has_claims = true;
  }
  if (has_claims) groups_resolve_claims(g, b, true);
}

bool groups_follow(struct groups *g, const struct groups_news *news, const struct build *b, const struct targets *t)
{
  for (size_t i = 0; i < g->count; i++) g->all[i].is_dirty = false;
  for (size_t i = 0; i < news->group_count; i++) {
    struct mail_group *one = map_find(&g->by_key, news->groups[i]->key);
    if (!one || one->facts != news->groups[i]) return false;
    one->is_dirty = true;
    one->is_internal = record_is(&one->facts->facts, "internal", "yes");
  }
  if (!index_again(g, news)) return false;
  find_dirty(g, news);
  resolve_dirty(g, b, t);
  spread(g);
  return true;
}
