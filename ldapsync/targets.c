#include <stdlib.h>
#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/targets.h"
#include "lib/die.h"

void targets_open(struct targets *t)
{
  for (size_t i = 0; i < t->build->accounts.count; i++) {
    struct account *a = t->build->accounts.all[i];
    if (a->is_public) map_add(&t->publics, record_get(&a->facts, "name"), a);
  }
}

/* A primary address is its user's mailbox, unless a file says where else the address leads. Every other one is looked up
   when mail comes. */
static enum target_result find_address(const struct targets *t, const char *value, const char *self, struct member *one)
{
  text folded = TEXT_ZERO;

  if (!control_address(value, &folded)) {
    text_free(&folded);
    return TARGET_BAD;
  }
  struct account *owner = build_login(t->build, folded.s);
  if (owner && !strcmp(owner->name, folded.s) && (!strcmp(folded.s, self) || !names_have(&t->files, folded.s)))
    one->account = owner;
  else
    one->address = string_duplicate(folded.s);
  text_free(&folded);
  return TARGET_FOUND;
}

static bool has_prefix(const char *value, const char *prefix) { return bytes_are_nocase(value, prefix, strlen(prefix)); }

enum target_result targets_find(const struct targets *t, const char *value, const char *self, struct member *one)
{
  text name = TEXT_ZERO;
  bool is_group = strlen(value) > 6 && has_prefix(value, "group:"), is_public = strlen(value) > 7 && has_prefix(value, "public:");

  *one = (struct member){ 0 };
  if (!is_group && !is_public && strchr(value, '@')) return find_address(t, value, self, one);
  if (!*value || strchr(value, ' ')) return TARGET_BAD;
  const char *bare = value + (is_group ? 6 : is_public ? 7 : 0);
  if (!is_public || !control_local(bare, &name)) {
    text_copy(&name, bare);
    text_lower(&name);
    text_string(&name);
  }
  if (is_group)
    one->group = (struct mail_group *)groups_find(t->groups, name.s);
  else
    one->account = is_public ? map_find(&t->publics, name.s) : build_login(t->build, name.s);
  text_free(&name);
  return one->group || one->account ? TARGET_FOUND : TARGET_ABSENT;
}
