#include <stdlib.h>
#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/dn.h"
#include "ldapsync/targets.h"
#include "lib/die.h"
#include "lib/hash.h"

enum { GROUP_DEPTH = 64 };

static void index_people(struct groups_index *x, const struct accounts *people)
{
  for (size_t i = 0; i < people->count; i++) groups_index_person(x, &people->all[i]->facts, people->all[i]);
}

static void index_groups(struct groups_index *x, const struct groups *g)
{
  text folded = TEXT_ZERO;

  for (size_t i = 0; i < g->count; i++) {
    const char *dn = record_find(&g->all[i].facts->facts, "dn");
    if (!dn) continue;
    dn_fold(dn, &folded);
    groups_index_add(&x->groups, folded.s, &g->all[i]);
    size_t at = 0;
    for (const char *id; (id = record_next(&g->all[i].facts->facts, "id", &at));) {
      groups_index_fold(&folded, id);
      groups_index_add(&x->ids, folded.s, &g->all[i]);
    }
  }
  text_free(&folded);
}

static void add_value(struct mail_group *g, const char *folded)
{
  if (g->value_count == g->value_room) {
    g->value_room = g->value_room ? g->value_room * 2 : 8;
    g->values = realloc(g->values, g->value_room * sizeof *g->values);
    if (!g->values) die_nomem();
  }
  g->values[g->value_count++] = hash_string(folded);
}

static void add_member(struct mail_group *g, const struct member *one)
{
  if (g->count == g->room) {
    g->room = g->room ? g->room * 2 : 8;
    g->members = realloc(g->members, g->room * sizeof *g->members);
    if (!g->members) die_nomem();
  }
  g->members[g->count++] = *one;
}

static void take_directory(struct mail_group *g, const struct groups_index *x, const char *fact)
{
  bool is_dn = !strcmp(fact, "member-dn");
  text folded = TEXT_ZERO;
  size_t at = 0;

  for (const char *value; (value = record_next(&g->facts->facts, fact, &at));) {
    struct member one = { 0 };
    if (is_dn)
      dn_fold(value, &folded);
    else
      groups_index_fold(&folded, value);
    add_value(g, folded.s);
    one.account = groups_index_find(is_dn ? &x->people : &x->logins, folded.s);
    if (is_dn && !one.account) one.group = groups_index_find(&x->groups, folded.s);
    if (one.account || one.group)
      add_member(g, &one);
    else if (!g->is_hidden)
      accounts_report(g->facts, "its member %s is passed over: there is nobody of this name who has a mail address", value);
  }
  text_free(&folded);
}

/* Who names a group in its entry (primaryGroupID) is a member that the group does not list. */
static void take_one(const struct groups_index *x, const text *facts, const struct member *one, bool dirty_alone)
{
  text folded = TEXT_ZERO;
  size_t at = 0;

  for (const char *id; (id = record_next(facts, "in-group", &at));) {
    groups_index_fold(&folded, id);
    struct mail_group *g = groups_index_find(&x->ids, folded.s);
    if (g && (g->is_dirty || !dirty_alone)) add_member(g, one);
  }
  text_free(&folded);
}

static void take_people(const struct groups_index *x, const struct accounts *people, bool dirty_alone)
{
  for (size_t i = 0; i < people->count; i++) take_one(x, &people->all[i]->facts, &(struct member){ .account = people->all[i] }, dirty_alone);
}

void groups_resolve_claims(struct groups *g, const struct build *b, bool dirty_alone)
{
  take_people(&g->index, &b->accounts, dirty_alone);
  take_people(&g->index, &b->others, dirty_alone);
  for (size_t i = 0; i < g->count; i++) take_one(&g->index, &g->all[i].facts->facts, &(struct member){ .group = &g->all[i] }, dirty_alone);
}

/* A name without a domain, as in a file of aliases (nisMailAlias): a login, or another group. */
static enum target_result find_name(const struct targets *t, const char *value, struct member *one)
{
  if (strchr(value, ':')) return TARGET_BAD;
  enum target_result result = targets_find(t, value, "", one);
  if (result == TARGET_ABSENT && (one->group = (struct mail_group *)groups_find(t->groups, value))) return TARGET_FOUND;
  return result;
}

/* What the operator has written cannot be wrong in form; what a directory has is reported. */
static void take_named(struct mail_group *g, const struct targets *t)
{
  size_t at = 0;

  for (const char *value; (value = record_next(&g->facts->facts, "member", &at));) {
    struct member one;
    enum target_result result = !g->path && !strchr(value, '@') ? find_name(t, value, &one) : targets_find(t, value, "", &one);
    if (result == TARGET_FOUND)
      add_member(g, &one);
    else if (result == TARGET_BAD && g->path)
      control_refuse(g->path, "member", value, "a member is ADDRESS, LOGIN, group:NAME or public:NAME");
    else
      accounts_report(g->facts, "its member %s is passed over: it is not there, or is no mail address", value);
  }
}

struct flat {
  const struct mail_group *root;
  uint64_t mark; /* of this list */
  struct names addresses;
  text *record;  /* 0: it is only counted */
  size_t count;  /* members, and groups that were passed by */
  size_t largest;
  bool is_circle, is_too_deep;
};

static void add_address(struct flat *f, const char *address)
{
  if (names_add(&f->addresses, address) && f->record) record_add(f->record, "forward", address);
}

static void add_account(struct flat *f, struct account *a)
{
  if (a->mark == f->mark) return;
  a->mark = f->mark;
  if (!a->name)
    add_address(f, a->elsewhere);
  else if (f->record)
    record_add(f->record, "mailbox", a->key);
}

/* Each group once, so circles end; not deeper than GROUP_DEPTH. The walk ends early when it is too large. */
static void flatten(struct flat *f, struct mail_group *g, unsigned int depth)
{
  g->mark = f->mark;
  for (size_t i = 0; i < g->count && f->count <= f->largest; i++) {
    const struct member *m = &g->members[i];
    f->count++;
    if (m->account && (m->account->name || m->account->elsewhere))
      add_account(f, m->account);
    else if (m->address)
      add_address(f, m->address);
    else if (m->group && m->group == f->root)
      f->is_circle = true;
    else if (m->group && m->group->mark != f->mark) {
      if (depth == GROUP_DEPTH)
        f->is_too_deep = true;
      else
        flatten(f, m->group, depth + 1);
    }
  }
}

/* A list that reaches only some of its members would be worse than none. */
void groups_check_size(struct groups *all, struct mail_group *g)
{
  const size_t largest = all->largest;
  struct flat f = { .root = g, .mark = ++all->marks, .addresses = NAMES_ZERO, .largest = largest };

  if (g->is_hidden) return;
  flatten(&f, g, 0);
  g->is_refused = f.count > largest || f.is_too_deep;
  if (f.count > largest) accounts_report(g->facts, "it gets no mail: it has more than %zu members (control/groupmax)", largest);
  if (f.is_too_deep) accounts_report(g->facts, "it gets no mail: groups in groups in it are deeper than %u", (unsigned int)GROUP_DEPTH);
  if (f.is_circle) accounts_report(g->facts, "it is a member of itself, by way of its members");
  if (!f.count) accounts_report(g->facts, "it has no member who has a mail address");
  names_free(&f.addresses);
}

void groups_resolve_one(struct groups *g, struct mail_group *one, const struct targets *t)
{
  for (size_t i = 0; i < one->count; i++) free((char *)one->members[i].address);
  one->count = one->value_count = 0;
  take_directory(one, &g->index, "member-dn");
  take_directory(one, &g->index, "member-uid");
  take_named(one, t);
}

void groups_resolve(struct groups *g, const struct build *b, const struct targets *t)
{
  if (!g->count) return;
  index_people(&g->index, &b->accounts);
  index_people(&g->index, &b->others);
  index_groups(&g->index, g);
  for (size_t i = 0; i < g->count; i++) groups_resolve_one(g, &g->all[i], t);
  groups_resolve_claims(g, b, false);
  for (size_t i = 0; i < g->count; i++) groups_check_size(g, &g->all[i]);
}

static void make_record(struct groups *g, struct mail_group *group, text *record)
{
  struct flat f = { .root = group, .mark = ++g->marks, .addresses = NAMES_ZERO, .record = record, .largest = g->largest };

  text_clear(record);
  if (group->is_refused || group->is_hidden) return;
  if (record_find(&group->facts->facts, "name")) record_add(record, "name", record_get(&group->facts->facts, "name"));
  record_add(record, "from", group->facts->from.s);
  flatten(&f, group, 0);
  names_free(&f.addresses);
}

void groups_record(struct groups *g, const char *key, text *record)
{
  struct mail_group *group = map_find(&g->by_key, key);

  text_clear(record);
  if (group) make_record(g, group, record);
}

void groups_name_record(struct groups *g, const char *called, text *record)
{
  struct mail_group *group = map_find(&g->by_called, called);

  text_clear(record);
  if (group && !group->is_refused && !group->is_ambiguous) record_add(record, "group", group->facts->key);
}

void groups_write(struct groups *g, struct cdb_write *w)
{
  text record = TEXT_ZERO;

  for (size_t i = 0; i < g->count; i++) {
    make_record(g, &g->all[i], &record);
    if (record.len) cdb_write_add(w, "group", g->all[i].facts->key, &record);
    if (!g->all[i].called) continue;
    groups_name_record(g, g->all[i].called, &record);
    if (record.len) cdb_write_add(w, "group-name", g->all[i].called, &record);
  }
  text_free(&record);
}

void groups_close(struct groups *g)
{
  for (size_t i = 0; i < g->count; i++) {
    struct mail_group *one = &g->all[i];
    for (size_t n = 0; n < one->count; n++) free((char *)one->members[n].address);
    free(one->members);
    free(one->values);
    free(one->name);
    free(one->called);
    free(one->key);
    text_free(&one->addresses);
  }
  free(g->all);
  map_free(&g->by_name);
  map_free(&g->by_called);
  map_free(&g->by_key);
  groups_index_free(&g->index);
  *g = (struct groups)GROUPS_ZERO;
}
