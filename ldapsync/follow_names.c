#include <stdlib.h>
#include <string.h>

#include "ldapsync/addressfiles.h"
#include "ldapsync/follow_step.h"
#include "ldapsync/report.h"

static void touch_groups(struct step *s, const struct groups *g)
{
  for (size_t i = 0; i < g->count; i++) names_add(&s->groups, g->all[i].facts->key);
}

static void touch_addresses(struct step *s, const struct leads *l)
{
  for (size_t i = 0; i < l->count; i++) names_add(&s->addresses, l->all[i].address);
}

/* All groups are made anew from what is in memory. */
static void group_again(struct step *s, struct groups *old, struct leads *gone, struct leads *come)
{
  struct sources *all = s->follow->sources;

  groups_leads(&all->groups, &all->domains, gone);
  touch_groups(s, &all->groups);
  *old = all->groups;
  all->groups = (struct groups)GROUPS_ZERO;
  groups_open_again(&all->groups, &all->group_facts);
  groups_forget_marks(old);
  groups_resolve(&all->groups, &all->build, &all->targets);
  groups_leads(&all->groups, &all->domains, come);
  touch_groups(s, &all->groups);
}

/* The leads of control/addresses; their strings are theirs. */
static void list_files(const struct leads *l, struct leads *found)
{
  for (size_t i = 0; i < l->count; i++)
    if (l->all[i].kind == LEAD_FILE) leads_add(found, &l->all[i]);
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
  struct groups old = GROUPS_ZERO;
  bool has_files = all->targets.files.count != 0, good = true;

  if (s->is_identity || s->has_groups) {
    report_is_quiet = true;
    if (all->group_facts.count || all->groups.count) group_again(s, &old, &gone, &come);
    if (has_files) {
      list_files(&all->leads, &gone);
      addressfiles_read(&all->targets, &come);
    }
    if (s->is_identity) send_as_again(s);
    report_is_quiet = false;
  }
  touch_addresses(s, &gone);
  touch_addresses(s, &come);
  if (!is_internal_safe(s, has_files && (s->is_identity || s->has_groups)))
    s->follow->why = "control/internal", good = false;
  else if (!leads_exchange(&all->leads, &gone, &come))
    s->follow->why = "what is in memory does not fit", good = false;
  groups_close(&old);
  free(gone.all);
  free(come.all);
  return good;
}
