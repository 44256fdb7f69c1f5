#include <stdlib.h>
#include <string.h>

#include "ldapsync/addressfiles.h"
#include "ldapsync/follow_step.h"
#include "ldapsync/groups_follow.h"
#include "ldapsync/report.h"

static void touch_group(struct step *s, const struct mail_group *one)
{
  names_add(&s->groups, one->facts->key);
  if (one->called) names_add(&s->group_names, one->called);
}

static void touch_groups(struct step *s, const struct groups *g)
{
  for (size_t i = 0; i < g->count; i++) touch_group(s, &g->all[i]);
}

static void touch_addresses(struct step *s, const struct leads *l)
{
  for (size_t i = 0; i < l->count; i++) names_add(&s->addresses, l->all[i].address);
}

/* What is given up when nothing in memory refers to it any more. */
struct trash {
  struct groups groups;
  text *addresses; /* of groups */
  size_t count;
};

static bool is_of_file(const struct lead *l) { return l->kind == LEAD_FILE; }
static bool is_of_group(const struct lead *l) { return l->order == LEADS_OF_GROUPS; }

/* Those that are there, whatever of their owners has changed since; their strings are theirs. */
static void list(const struct leads *l, bool (*is_meant)(const struct lead *), struct leads *found)
{
  for (size_t i = 0; i < l->count; i++)
    if (is_meant(&l->all[i])) leads_add(found, &l->all[i]);
}

/* All groups are made anew from what is in memory. */
static void group_again(struct step *s, struct trash *trash, struct leads *gone, struct leads *come)
{
  struct sources *all = s->follow->sources;

  list(&all->leads, is_of_group, gone);
  touch_groups(s, &all->groups);
  trash->groups = all->groups;
  all->groups = (struct groups)GROUPS_ZERO;
  all->groups.marks = trash->groups.marks;
  groups_open_again(&all->groups, &all->group_facts);
  groups_resolve(&all->groups, &all->build, &all->targets);
  groups_leads(&all->groups, &all->domains, come);
  touch_groups(s, &all->groups);
}

static struct groups_person person_of(const struct change *c)
{
  struct groups_person p = { .old = c->old, .now = c->is_same_one ? c->old : c->fresh };

  if (c->old && !c->was_group) p.was = accounts_raw(c->is_same_one ? c->fresh : c->old);
  if (c->fresh && !c->is_group) p.is = accounts_raw(p.now);
  return p;
}

/* False: all must be made anew. */
static bool follow_groups(const struct step *s)
{
  struct groups_person *people = malloc((s->count + 1) * sizeof *people);
  struct account **groups = malloc((s->count + 1) * sizeof *groups);
  struct groups_news news = { .people = people, .groups = groups };

  if (!people || !groups) die_nomem();
  for (size_t i = 0; i < s->count; i++) {
    const struct change *c = &s->all[i];
    if (c->is_renamed) people[news.count++] = person_of(c);
    if (c->is_group && c->is_same_one) groups[news.group_count++] = c->old;
  }
  bool good = !s->has_new_groups && groups_follow(&s->follow->sources->groups, &news, &s->follow->sources->build, &s->follow->sources->targets);
  free(people);
  free(groups);
  return good;
}

static bool is_changed(const struct step *s, const struct mail_group *g)
{
  for (size_t i = 0; i < s->count; i++)
    if (s->all[i].is_group && s->all[i].is_same_one && s->all[i].old == g->facts) return true;
  return false;
}

/* A group's addresses again; leads refer to the old ones until they are exchanged. */
static void address_again(const struct step *s, struct mail_group *one, struct trash *trash)
{
  if (!is_changed(s, one)) return;
  trash->addresses = realloc(trash->addresses, (trash->count + 1) * sizeof *trash->addresses);
  if (!trash->addresses) die_nomem();
  trash->addresses[trash->count++] = one->addresses;
  one->addresses = (text)TEXT_ZERO;
  groups_address(one, &s->follow->sources->domains);
}

/* Of those whose members have changed, or who have such a group in them. */
static void lead_again(struct step *s, struct trash *trash, struct leads *gone, struct leads *come)
{
  struct groups *g = &s->follow->sources->groups;

  for (size_t i = 0; i < g->count; i++) {
    struct mail_group *one = &g->all[i];
    if (!one->is_affected) continue;
    groups_lead(one, gone);
    address_again(s, one, trash);
    groups_check_size(g, one);
    groups_lead(one, come);
    touch_group(s, one);
  }
}

static void empty(struct trash *trash)
{
  groups_close(&trash->groups);
  for (size_t i = 0; i < trash->count; i++) text_free(&trash->addresses[i]);
  free(trash->addresses);
}

static void touch_granted(struct step *s)
{
  const struct map *by_key = &s->follow->sources->sendas.by_key;

  for (size_t i = 0; i < by_key->room; i++)
    if (by_key->slots[i].key) names_add(&s->mailboxes, by_key->slots[i].key);
}

static void send_as_again(struct step *s)
{
  touch_granted(s);
  sendas_match(&s->follow->sources->sendas, &s->follow->sources->build);
  touch_granted(s);
}

/* What control/internal says of single addresses needs records that nobody else asks for: whether it does is seen by a full pass. */
static bool is_internal_safe(const struct step *s, bool has_files)
{
  const struct names *internal = &s->follow->sources->leads.internal;

  if (!internal->count) return true;
  if (has_files) return false;
  for (size_t at = 0; at < s->addresses.strings.len; at += strlen(s->addresses.strings.s + at) + 1)
    if (names_have(internal, s->addresses.strings.s + at)) return false;
  return true;
}

bool step_name_again(struct step *s)
{
  struct sources *all = s->follow->sources;
  struct leads gone = LEADS_ZERO, come = LEADS_ZERO;
  struct trash trash = { .groups = GROUPS_ZERO };
  bool has_files = all->targets.files.count != 0, is_again = s->has_renamed || s->has_groups, good = true;

  report_is_quiet = true;
  if (s->is_identity) send_as_again(s);
  if (is_again) {
    if (follow_groups(s))
      lead_again(s, &trash, &gone, &come);
    else
      group_again(s, &trash, &gone, &come);
    if (has_files) {
      list(&all->leads, is_of_file, &gone);
      addressfiles_read(&all->targets, &come);
    }
  }
  report_is_quiet = false;
  touch_addresses(s, &gone);
  touch_addresses(s, &come);
  if (!is_internal_safe(s, has_files && is_again))
    s->follow->why = "control/internal", good = false;
  else if (!leads_exchange(&all->leads, &gone, &come))
    s->follow->why = "what is in memory does not fit", good = false;
  empty(&trash);
  free(gone.all);
  free(come.all);
  return good;
}
