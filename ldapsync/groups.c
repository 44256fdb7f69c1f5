#include <stdlib.h>
#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/groups.h"
#include "ldapsync/keys.h"
#include "ldapsync/targets.h"
#include "lib/address.h"
#include "lib/conf.h"
#include "lib/die.h"

static const char *const known[] = { "member", "internal", 0 };

struct opening {
  struct groups *groups;
  struct accounts *facts;
};

/* A file of control/groups becomes facts like an entry's: its members are found the same way. */
static void read_group(void *to, const char *path, const char *file)
{
  struct opening *opening = to;
  text fields = TEXT_ZERO, name = TEXT_ZERO, local = TEXT_ZERO, key = TEXT_ZERO;
  size_t at = 0;

  if (!control_name(file, &name) || !control_local(name.s, &local)) die_permanent(path, ": its name is no local part");
  control_fields(path, known, &fields);
  const char *internal = record_get(&fields, "internal");
  if (*internal && strcmp(internal, "yes") && strcmp(internal, "no")) control_refuse(path, "internal", internal, "internal is yes or no");
  struct account *a = accounts_add(opening->facts);
  key_make(&key, "group", local.s);
  record_add(&a->facts, "key", key.s);
  record_add(&a->facts, "name", local.s);
  record_add(&a->facts, "file", path);
  record_add(&a->facts, "internal", internal);
  for (const char *member; (member = record_next(&fields, "member", &at));) record_add(&a->facts, "member", member);
  text_add(&a->from, path);
  text_string(&a->from);
  text_free(&fields);
  text_free(&name);
  text_free(&local);
  text_free(&key);
}

static bool take_name(struct groups *g, struct mail_group *group)
{
  const char *name = record_find(&group->facts->facts, "name");
  text local = TEXT_ZERO;
  bool good = name && control_local(name, &local);

  if (name && !good) accounts_report(group->facts, "its name %s is no local part of an address", name);
  if (good) {
    group->name = string_duplicate(local.s);
    const struct mail_group *other = map_find(&g->by_name, group->name);
    if (!map_add(&g->by_name, group->name, group)) {
      accounts_report(group->facts, "its name %s is that of %s, which keeps it", group->name, other->facts->from.s);
      free(group->name);
      group->name = 0;
      good = false;
    }
  }
  text_free(&local);
  return good;
}

/* Any name, also one that is no local part. It means one group, that of control/groups first: of several in the directory none, since who may call a
   group there as he likes would choose which one is meant (control/masters). */
static void take_call(struct groups *g, struct mail_group *group)
{
  const char *name = record_find(&group->facts->facts, "name");
  text called = TEXT_ZERO;

  if (name) {
    text_add(&called, name);
    login_fold(&called);
    struct mail_group *other = map_find(&g->by_called, text_string(&called));
    if (other)
      other->is_ambiguous = !other->path;
    else {
      group->called = string_duplicate(called.s);
      map_add(&g->by_called, group->called, group);
    }
  }
  text_free(&called);
}

/* The operator's own come first, so a name of both is theirs. */
static void make_groups(struct groups *g, struct accounts *facts)
{
  g->all = calloc(facts->count + 1, sizeof *g->all);
  if (!g->all) die_nomem();
  for (size_t i = 0; i < facts->count; i++) facts->all[i]->key = record_get(&facts->all[i]->facts, "key");
  accounts_sort(facts);
  for (int of_files = 1; of_files >= 0; of_files--)
    for (size_t i = 0; i < facts->count; i++) {
      struct account *a = facts->all[i];
      const char *path = record_find(&a->facts, "file");
      if ((path != 0) != of_files) continue;
      if (map_find(&g->by_key, a->key)) {
        accounts_report(a, "it is no group: its key %s is that of %s", a->key, ((struct mail_group *)map_find(&g->by_key, a->key))->facts->from.s);
        continue;
      }
      g->all[g->count++] = (struct mail_group){ .facts = a, .path = path, .is_internal = record_is(&a->facts, "internal", "yes"),
                                                .is_hidden = record_is(&a->facts, "hidden", "yes"), .addresses = TEXT_ZERO };
      g->all[g->count - 1].key = string_duplicate(a->key);
      map_add(&g->by_key, g->all[g->count - 1].key, &g->all[g->count - 1]);
      if (g->all[g->count - 1].is_hidden) continue;
      take_name(g, &g->all[g->count - 1]);
      take_call(g, &g->all[g->count - 1]);
    }
}

void groups_open_again(struct groups *g, struct accounts *facts)
{
  g->largest = (size_t)conf_number("groupmax", 100000, 100000000);
  make_groups(g, facts);
}

void groups_open(struct groups *g, struct accounts *facts)
{
  struct opening opening = { g, facts };

  control_folder("groups", read_group, &opening);
  groups_open_again(g, facts);
}

const struct mail_group *groups_find(const struct groups *g, const char *name)
{
  text local = TEXT_ZERO;
  const struct mail_group *found = control_local(name, &local) ? map_find(&g->by_name, local.s) : 0;

  text_free(&local);
  return found;
}

static void lead(const struct mail_group *g, const char *address, enum lead_kind kind, struct leads *l)
{
  leads_add(l, &(struct lead){ .address = address, .to = g->facts->key, .from = g->facts->from.s, .order = LEADS_OF_GROUPS, .kind = (unsigned char)kind,
                               .what = LEAD_MEMBERS, .is_internal = g->is_internal });
}

static void add_attributes(struct mail_group *g, const struct domains *d)
{
  struct address a = ADDRESS_ZERO;
  size_t at = 0;

  for (const char *value; (value = record_next(&g->facts->facts, "address", &at));)
    if (address_parse(&a, value, strlen(value)) == ADDRESS_FULL && domains_have(d, a.domain)) text_add_bytes(&g->addresses, a.folded.s, a.folded.len + 1);
  address_free(&a);
}

/* N-18 */
static void add_names(struct mail_group *g, const struct domains *d)
{
  g->made_at = g->addresses.len;
  for (size_t i = 0; g->name && i < d->count; i++) {
    if (!d->sorted[i].has_groups) continue;
    text_add_format(&g->addresses, "%s@%s", g->name, d->sorted[i].name);
    text_add_char(&g->addresses, 0);
  }
}

void groups_address(struct mail_group *one, const struct domains *d)
{
  add_attributes(one, d);
  add_names(one, d);
}

void groups_lead(const struct mail_group *one, struct leads *l)
{
  if (one->is_refused || one->is_hidden) return;
  for (size_t at = 0; at < one->addresses.len; at += strlen(one->addresses.s + at) + 1)
    lead(one, one->addresses.s + at, at < one->made_at ? LEAD_DIRECTORY : LEAD_GROUP, l);
}

void groups_leads(struct groups *g, const struct domains *d, struct leads *l)
{
  for (size_t i = 0; i < g->count; i++) {
    if (!g->all[i].addresses.len) groups_address(&g->all[i], d);
    groups_lead(&g->all[i], l);
  }
}
