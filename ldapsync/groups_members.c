#include <stdlib.h>
#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/dn.h"
#include "ldapsync/targets.h"
#include "lib/die.h"

enum { GROUP_DEPTH = 64 };

/* Where members of the directory are looked up. */
struct index {
  struct map people, groups; /* by DN, folded */
  struct map logins;
  struct map ids;            /* of groups, folded */
};

static void fold(text *folded, const char *value)
{
  text_copy(folded, value);
  text_lower(folded);
  text_string(folded);
}

/* The first one of a name counts. */
static void add_key(struct map *m, const char *key, void *value)
{
  if (!map_find(m, key)) map_add(m, string_duplicate(key), value);
}

static void free_index(struct map *m)
{
  for (size_t i = 0; i < m->room; i++) free((char *)m->slots[i].key);
  map_free(m);
}

static void index_people(struct index *x, const struct accounts *people)
{
  text folded = TEXT_ZERO;

  for (size_t i = 0; i < people->count; i++) {
    struct account *a = people->all[i];
    size_t at = 0;
    const char *dn = record_find(&a->facts, "dn");
    if (!dn) continue;
    dn_fold(dn, &folded);
    add_key(&x->people, folded.s, a);
    for (const char *login; (login = record_next(&a->facts, "login", &at));) {
      fold(&folded, login);
      add_key(&x->logins, folded.s, a);
    }
  }
  text_free(&folded);
}

static void index_groups(struct index *x, const struct groups *g)
{
  text folded = TEXT_ZERO;

  for (size_t i = 0; i < g->count; i++) {
    const char *dn = record_find(&g->all[i].facts->facts, "dn");
    if (!dn) continue;
    dn_fold(dn, &folded);
    add_key(&x->groups, folded.s, &g->all[i]);
    size_t at = 0;
    for (const char *id; (id = record_next(&g->all[i].facts->facts, "id", &at));) {
      fold(&folded, id);
      add_key(&x->ids, folded.s, &g->all[i]);
    }
  }
  text_free(&folded);
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

static void take_directory(struct mail_group *g, const struct index *x, const char *fact)
{
  bool is_dn = !strcmp(fact, "member-dn");
  text folded = TEXT_ZERO;
  size_t at = 0;

  for (const char *value; (value = record_next(&g->facts->facts, fact, &at));) {
    struct member one = { 0 };
    if (is_dn)
      dn_fold(value, &folded);
    else
      fold(&folded, value);
    one.account = map_find(is_dn ? &x->people : &x->logins, folded.s);
    if (is_dn && !one.account) one.group = map_find(&x->groups, folded.s);
    if (one.account || one.group)
      add_member(g, &one);
    else if (!g->is_hidden)
      accounts_report(g->facts, "its member %s is passed over: there is nobody of this name who has a mail address", value);
  }
  text_free(&folded);
}

/* Who names a group in its entry (primaryGroupID) is a member that the group does not list. */
static void take_one(const struct index *x, const text *facts, const struct member *one)
{
  text folded = TEXT_ZERO;
  size_t at = 0;

  for (const char *id; (id = record_next(facts, "in-group", &at));) {
    fold(&folded, id);
    struct mail_group *g = map_find(&x->ids, folded.s);
    if (g) add_member(g, one);
  }
  text_free(&folded);
}

static void take_people(const struct index *x, const struct accounts *people)
{
  for (size_t i = 0; i < people->count; i++) take_one(x, &people->all[i]->facts, &(struct member){ .account = people->all[i] });
}

static void take_groups(const struct index *x, const struct groups *g)
{
  for (size_t i = 0; i < g->count; i++) take_one(x, &g->all[i].facts->facts, &(struct member){ .group = &g->all[i] });
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
  if (a->mark == f->root) return;
  a->mark = f->root;
  if (!a->name)
    add_address(f, a->elsewhere);
  else if (f->record)
    record_add(f->record, "mailbox", a->key);
}

/* Each group once, so circles end; not deeper than GROUP_DEPTH. The walk ends early when it is too large. */
static void flatten(struct flat *f, struct mail_group *g, unsigned int depth)
{
  g->mark = f->root;
  for (size_t i = 0; i < g->count && f->count <= f->largest; i++) {
    const struct member *m = &g->members[i];
    f->count++;
    if (m->account && (m->account->name || m->account->elsewhere))
      add_account(f, m->account);
    else if (m->address)
      add_address(f, m->address);
    else if (m->group && m->group == f->root)
      f->is_circle = true;
    else if (m->group && m->group->mark != f->root) {
      if (depth == GROUP_DEPTH)
        f->is_too_deep = true;
      else
        flatten(f, m->group, depth + 1);
    }
  }
}

static void clear_marks(const struct groups *g)
{
  for (size_t i = 0; i < g->count; i++) {
    g->all[i].mark = 0;
    for (size_t n = 0; n < g->all[i].count; n++)
      if (g->all[i].members[n].account) g->all[i].members[n].account->mark = 0;
  }
}

/* A list that reaches only some of its members would be worse than none. */
static void check_size(struct mail_group *g, size_t largest)
{
  struct flat f = { .root = g, .addresses = NAMES_ZERO, .largest = largest };

  if (g->is_hidden) return;
  flatten(&f, g, 0);
  g->is_refused = f.count > largest || f.is_too_deep;
  if (f.count > largest) accounts_report(g->facts, "it gets no mail: it has more than %zu members (control/groupmax)", largest);
  if (f.is_too_deep) accounts_report(g->facts, "it gets no mail: groups in groups in it are deeper than %u", (unsigned int)GROUP_DEPTH);
  if (f.is_circle) accounts_report(g->facts, "it is a member of itself, by way of its members");
  if (!f.count) accounts_report(g->facts, "it has no member who has a mail address");
  names_free(&f.addresses);
}

void groups_resolve(struct groups *g, const struct build *b, const struct targets *t)
{
  struct index x = { .people = MAP_ZERO, .groups = MAP_ZERO, .logins = MAP_ZERO, .ids = MAP_ZERO };

  if (!g->count) return;
  index_people(&x, &b->accounts);
  index_people(&x, &b->others);
  index_groups(&x, g);
  for (size_t i = 0; i < g->count; i++) {
    take_directory(&g->all[i], &x, "member-dn");
    take_directory(&g->all[i], &x, "member-uid");
    take_named(&g->all[i], t);
  }
  take_people(&x, &b->accounts);
  take_people(&x, &b->others);
  take_groups(&x, g);
  free_index(&x.people);
  free_index(&x.groups);
  free_index(&x.logins);
  free_index(&x.ids);
  for (size_t i = 0; i < g->count; i++) check_size(&g->all[i], g->largest);
  clear_marks(g);
}

static void make_record(const struct groups *g, struct mail_group *group, text *record)
{
  struct flat f = { .root = group, .addresses = NAMES_ZERO, .record = record, .largest = g->largest };

  text_clear(record);
  if (group->is_refused || group->is_hidden) return;
  if (record_find(&group->facts->facts, "name")) record_add(record, "name", record_get(&group->facts->facts, "name"));
  record_add(record, "from", group->facts->from.s);
  flatten(&f, group, 0);
  names_free(&f.addresses);
}

void groups_record(const struct groups *g, const char *key, text *record)
{
  struct mail_group *group = map_find(&g->by_key, key);

  text_clear(record);
  if (group) make_record(g, group, record);
}

void groups_write(const struct groups *g, struct cdb_write *w)
{
  text record = TEXT_ZERO;

  for (size_t i = 0; i < g->count; i++) {
    make_record(g, &g->all[i], &record);
    if (record.len) cdb_write_add(w, "group", g->all[i].facts->key, &record);
  }
  text_free(&record);
}

void groups_forget_marks(const struct groups *g) { clear_marks(g); }

void groups_close(struct groups *g)
{
  for (size_t i = 0; i < g->count; i++) {
    struct mail_group *one = &g->all[i];
    for (size_t n = 0; n < one->count; n++) free((char *)one->members[n].address);
    free(one->members);
    free(one->name);
    text_free(&one->addresses);
  }
  free(g->all);
  map_free(&g->by_name);
  map_free(&g->by_key);
  *g = (struct groups)GROUPS_ZERO;
}
