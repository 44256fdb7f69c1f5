#include <stdlib.h>
#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/groups.h"
#include "ldapsync/keys.h"
#include "ldapsync/targets.h"
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

/* The operator's own come first, so a name of both is theirs. */
static void make_groups(struct groups *g, struct accounts *facts)
{
  struct map keys = MAP_ZERO;

  g->all = calloc(facts->count + 1, sizeof *g->all);
  if (!g->all) die_nomem();
  for (size_t i = 0; i < facts->count; i++) facts->all[i]->key = record_get(&facts->all[i]->facts, "key");
  accounts_sort(facts);
  for (int of_files = 1; of_files >= 0; of_files--)
    for (size_t i = 0; i < facts->count; i++) {
      struct account *a = facts->all[i];
      const char *path = record_find(&a->facts, "file");
      if ((path != 0) != of_files) continue;
      if (!map_add(&keys, a->key, a)) {
        accounts_report(a, "it is no group: its key %s is that of %s", a->key, ((struct account *)map_find(&keys, a->key))->from.s);
        continue;
      }
      g->all[g->count++] = (struct mail_group){ .facts = a, .path = path, .is_internal = record_is(&a->facts, "internal", "yes"),
                                                .is_hidden = record_is(&a->facts, "hidden", "yes") };
      if (!g->all[g->count - 1].is_hidden) take_name(g, &g->all[g->count - 1]);
    }
  map_free(&keys);
}

void groups_open(struct groups *g, struct accounts *facts)
{
  struct opening opening = { g, facts };

  g->largest = (size_t)conf_number("groupmax", 100000, 100000000);
  control_folder("groups", read_group, &opening);
  make_groups(g, facts);
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

static void lead_attributes(const struct mail_group *g, const struct domains *d, struct leads *l)
{
  struct address a = ADDRESS_ZERO;
  size_t at = 0;

  for (const char *value; (value = record_next(&g->facts->facts, "address", &at));)
    if (address_parse(&a, value, strlen(value)) == ADDRESS_FULL && domains_have(d, a.domain))
      lead(g, string_duplicate(a.folded.s), LEAD_DIRECTORY, l);
  address_free(&a);
}

/* N-18 */
static void lead_names(const struct mail_group *g, const struct domains *d, struct leads *l)
{
  text address = TEXT_ZERO;

  for (size_t i = 0; g->name && i < d->count; i++) {
    if (!d->sorted[i].has_groups) continue;
    text_clear(&address);
    text_add_format(&address, "%s@%s", g->name, d->sorted[i].name);
    lead(g, string_duplicate(text_string(&address)), LEAD_GROUP, l);
  }
  text_free(&address);
}

void groups_leads(const struct groups *g, const struct domains *d, struct leads *l)
{
  for (size_t i = 0; i < g->count; i++) {
    if (g->all[i].is_refused || g->all[i].is_hidden) continue;
    lead_attributes(&g->all[i], d, l);
    lead_names(&g->all[i], d, l);
  }
}
