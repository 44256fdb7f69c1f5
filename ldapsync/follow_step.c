#include "ldapsync/follow_step.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ldapsync/mailboxes.h"
#include "ldapsync/sorted.h"
#include "lib/die.h"

static bool give_up(struct step *s, const char *why)
{
  s->follow->why = why;
  return false;
}

/* What a map has under a name; made, with nothing in it but the name, which lies at its end. */
static void *find_or_make(struct map *m, const char *name, size_t head)
{
  char *one = map_find(m, name);

  if (one) return one;
  one = calloc(1, head + strlen(name) + 1);
  if (!one) die_nomem();
  memcpy(one + head, name, strlen(name) + 1);
  map_add(m, one + head, one);
  return one;
}

struct follow_known *follow_known(struct follow *f, const char *dn) { return find_or_make(&f->known, dn, offsetof(struct follow_known, dn)); }
struct follow_holder *follow_holder(struct follow *f, const char *key) { return find_or_make(&f->holders, key, offsetof(struct follow_holder, key)); }

struct account *follow_find_holder(const struct follow *f, const char *key)
{
  const struct follow_holder *holder = map_find(&f->holders, key);
  return holder ? holder->one : 0;
}

static void drop(struct account **one)
{
  accounts_free_one(*one);
  *one = 0;
}

/* Addresses. Who has none comes to nothing. */
static void find_all(struct step *s)
{
  struct build_finder finder = BUILD_FINDER_ZERO;

  finder.domains = &s->follow->sources->domains;
  for (size_t i = 0; i < s->count; i++) {
    struct change *c = &s->all[i];
    if (!c->fresh || c->is_group) continue;
    build_find(&finder, c->fresh);
    if (!c->fresh->name && !c->fresh->elsewhere && !c->fresh->relayed.len) drop(&c->fresh);
  }
  build_finder_free(&finder);
}

static bool is_person(const struct account *a) { return a && a->name; }

static bool keeps(const struct account *old, const struct account *fresh)
{
  return is_person(old) && is_person(fresh) && !strcmp(old->key, fresh->key) && !strcmp(old->name, fresh->name);
}

/* Who wanted in vain what somebody has may get it when he goes, and the other way round. */
static bool check_contested(struct step *s)
{
  const struct build *b = &s->follow->sources->build;

  for (size_t i = 0; i < s->count; i++) {
    const struct change *c = &s->all[i];
    if (keeps(c->old, c->fresh)) continue;
    if ((is_person(c->old) && build_is_contested(b, c->old)) || (is_person(c->fresh) && build_is_contested(b, c->fresh)))
      return give_up(s, "what two entries claim");
  }
  return true;
}

static int compare_changes(const void *x, const void *y)
{
  const struct account *a = ((const struct change *)x)->fresh, *b = ((const struct change *)y)->fresh;
  bool a_given = a && record_find(&a->facts, "uid"), b_given = b && record_find(&b->facts, "uid");

  if (!a || !b) return (a != 0) - (b != 0);
  return a_given != b_given ? (a_given ? -1 : 1) : accounts_compare(a, b);
}

/* Whoever keeps his place holds his key; the others let it go first. */
static void release_keys(struct step *s)
{
  for (size_t i = 0; i < s->count; i++)
    if (is_person(s->all[i].old)) follow_holder(s->follow, s->all[i].old->key)->one = 0;
}

static bool take_place(struct step *s, struct change *c)
{
  struct sources *all = s->follow->sources;
  struct follow_holder *holder = follow_holder(s->follow, c->fresh->key);

  if (holder->one) return give_up(s, "a key of two entries");
  c->fresh->place = uids_find(&all->uids, c->fresh->key);
  if (!c->fresh->place && s->follow->has_system_users) return give_up(s, "a new uid beside those of control/systemusers");
  build_place(c->fresh, &all->uids, &all->limits);
  if (!c->fresh->name) return give_up(s, "a uid that cannot be");
  c->is_same_one = is_person(c->old) && !strcmp(c->old->key, c->fresh->key);
  holder->one = c->is_same_one ? c->old : c->fresh;
  return true;
}

static bool has_same(const struct account *a, const struct account *b, const char *key)
{
  size_t at_a = 0, at_b = 0;

  for (;;) {
    const char *value = record_next(accounts_raw(a), key, &at_a), *other = record_next(accounts_raw(b), key, &at_b);
    if (!value || !other) return value == other;
    if (strcmp(value, other)) return false;
  }
}

/* Is it found as before, whoever is in it? */
static bool keeps_its_name(const struct account *old, const struct account *fresh)
{
  return !strcmp(old->key, fresh->key) && has_same(old, fresh, "dn") && has_same(old, fresh, "name") && has_same(old, fresh, "id") &&
         has_same(old, fresh, "hidden") && has_same(old, fresh, "in-group");
}

static bool take_places(struct step *s)
{
  if (s->count) qsort(s->all, s->count, sizeof *s->all, compare_changes);
  release_keys(s);
  for (size_t i = 0; i < s->count; i++) {
    struct change *c = &s->all[i];
    if (is_person(c->fresh) && !take_place(s, c)) return false;
    if (!c->old || !c->fresh || c->was_group != c->is_group) continue;
    if (c->is_group)
      c->is_same_one = keeps_its_name(c->old, c->fresh);
    else if (!c->fresh->name)
      c->is_same_one = !c->old->name && !strcmp(c->old->key, c->fresh->key);
  }
  return true;
}

/* Does somebody have this primary address who does not give it up now? */
static bool is_taken(const struct step *s, const struct account *fresh)
{
  const struct build *b = &s->follow->sources->build;
  size_t at = build_find_name(b, fresh->name);

  if (at == b->login_count || b->logins[at].rank != BUILD_PRIMARY) return false;
  for (size_t i = 0; i < s->count; i++)
    if (s->all[i].old == b->logins[at].account) return false; /* who takes it instead is compared with the others */
  return true;
}

static bool check_primaries(struct step *s)
{
  struct names seen = NAMES_ZERO;
  bool good = true;

  for (size_t i = 0; good && i < s->count; i++)
    if (is_person(s->all[i].fresh)) good = names_add(&seen, s->all[i].fresh->name) && !is_taken(s, s->all[i].fresh);
  names_free(&seen);
  return good || give_up(s, "a primary address of two entries");
}

bool step_settle(struct step *s)
{
  find_all(s);
  return check_contested(s) && check_primaries(s) && take_places(s);
}

static void add_names(struct account *a, struct build_name **names, size_t *count, size_t *room)
{
  size_t more = build_names(a, 0);

  if (*count + more > *room) {
    *room = (*count + more) * 2;
    *names = realloc(*names, *room * sizeof **names);
    if (!*names) die_nomem();
  }
  *count += build_names(a, *names + *count);
}

static void touch(struct step *s, const struct account *a)
{
  text uid = TEXT_ZERO;

  if (!a->place) return;
  names_add(&s->mailboxes, a->key);
  text_add_number(&uid, a->place->uid);
  names_add(&s->uids, text_string(&uid));
  text_free(&uid);
}

static void note_gone(struct step *s, struct account *a)
{
  struct sources *all = s->follow->sources;

  build_leads_of(a, &s->gone);
  touch(s, a);
  if (!a->place) return;
  add_names(a, &s->gone_names, &s->gone_count, &s->gone_room);
  scram_count(&all->scram, a, &all->limits, true);
}

/* The names of those who come are those of their entries, before settings are put over these. */
static void note_come(struct step *s, struct account *a)
{
  struct sources *all = s->follow->sources;

  build_leads_of(a, &s->come);
  touch(s, a);
  if (!a->place) return;
  add_names(a, &s->come_names, &s->come_count, &s->come_room);
  mailboxes_settle(a, &all->settings);
  scram_count(&all->scram, a, &all->limits, false);
}

static struct accounts *list_of(struct step *s, const struct account *a, bool is_group)
{
  if (is_group) return &s->follow->sources->group_facts;
  return a->place ? &s->follow->sources->build.accounts : &s->follow->sources->build.others;
}

static int compare_accounts(const void *x, const void *y) { return accounts_compare(*(struct account *const *)x, *(struct account *const *)y); }

static void exchange(struct step *s, struct accounts *list, struct account *gone, struct account *come)
{
  struct sorted sorted = { .all = list->all, .count = list->count, .room = list->room, .size = sizeof *list->all, .compare = compare_accounts };

  if (!sorted_exchange(&sorted, &gone, gone != 0, &come, come != 0)) give_up(s, "what is in memory does not fit");
  list->all = sorted.all;
  list->count = sorted.count;
  list->room = sorted.room;
}

/* Is it called as before by whoever could name it as a member or a destination? Of addresses only the primary one counts there. */
static bool is_called_same(const struct account *a, const struct account *b)
{
  bool same_elsewhere = a->elsewhere && b->elsewhere ? !strcmp(a->elsewhere, b->elsewhere) : a->elsewhere == b->elsewhere;
  bool same_name = a->name && b->name ? !strcmp(a->name, b->name) : a->name == b->name;

  return same_elsewhere && same_name && !strcmp(a->key, b->key) && has_same(a, b, "dn") && has_same(a, b, "login") && has_same(a, b, "in-group");
}

static void replace(struct step *s, struct change *c)
{
  struct account was = *c->old;

  if (c->is_group)
    s->has_groups = true;
  else {
    if (!is_called_same(c->old, c->fresh)) s->has_renamed = c->is_renamed = true;
    if (c->is_renamed || !text_equal(&c->old->addresses, &c->fresh->addresses)) s->is_identity = true;
    note_gone(s, c->old);
  }
  *c->old = *c->fresh;
  *c->fresh = was;
  if (!c->is_group) note_come(s, c->old);
}

static void move(struct step *s, struct change *c)
{
  if (c->was_group || c->is_group) s->has_groups = s->has_new_groups = true;
  if (!c->was_group || !c->is_group) s->is_identity = s->has_renamed = c->is_renamed = true;
  c->known->one = c->fresh;
  c->known->is_group = c->is_group;
  if (c->old && !c->was_group) note_gone(s, c->old);
  if (c->old) exchange(s, list_of(s, c->old, c->was_group), c->old, 0);
  if (c->fresh && !c->is_group) note_come(s, c->fresh);
  if (c->fresh) exchange(s, list_of(s, c->fresh, c->is_group), 0, c->fresh);
}

void step_apply(struct step *s)
{
  for (size_t i = 0; i < s->count; i++) {
    struct change *c = &s->all[i];
    if (c->is_same_one) {
      replace(s, c);
      continue;
    }
    if (c->old || c->fresh) move(s, c);
  }
  scram_decide(&s->follow->sources->scram);
}

static void touch_names(struct names *names, const struct build_name *all, size_t count)
{
  for (size_t i = 0; i < count; i++) names_add(names, all[i].name);
}

static void touch_addresses(struct names *names, const struct leads *l)
{
  for (size_t i = 0; i < l->count; i++) names_add(names, l->all[i].address);
}

bool step_exchange(struct step *s)
{
  struct build *b = &s->follow->sources->build;
  struct sorted names = { .all = b->logins, .count = b->login_count, .room = b->login_room, .size = sizeof *b->logins, .compare = build_compare_names };

  touch_names(&s->logins, s->gone_names, s->gone_count);
  touch_names(&s->logins, s->come_names, s->come_count);
  touch_addresses(&s->addresses, &s->gone);
  touch_addresses(&s->addresses, &s->come);
  bool good = sorted_exchange(&names, s->gone_names, s->gone_count, s->come_names, s->come_count) &&
              leads_exchange(&s->follow->sources->leads, &s->gone, &s->come);
  b->logins = names.all;
  b->login_count = names.count;
  b->login_room = names.room;
  if (!good) give_up(s, "what is in memory does not fit");
  return !s->follow->why;
}

void step_free(struct step *s)
{
  for (size_t i = 0; i < s->count; i++) {
    struct change *c = &s->all[i];
    struct account *was = c->is_same_one ? c->fresh : c->old;
    if (c->known->one) c->known->one->is_new = false;
    if (was) accounts_free_one(was);
  }
  free(s->all);
  free(s->gone.all);
  free(s->come.all);
  free(s->gone_names);
  free(s->come_names);
  names_free(&s->mailboxes);
  names_free(&s->uids);
  names_free(&s->addresses);
  names_free(&s->logins);
  names_free(&s->groups);
  names_free(&s->group_names);
}
