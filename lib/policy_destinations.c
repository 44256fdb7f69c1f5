#include <string.h>

#include "lib/policy.h"

static void add_string(struct policy_destinations *all, const char *string)
{
  text_add_bytes(&all->strings, string, strlen(string) + 1);
}

/* False if it was there. */
static bool see(struct policy_destinations *all, const struct policy_destination *one)
{
  text name = TEXT_ZERO;

  text_add(&name, *one->mailbox ? "mailbox:" : "address:");
  text_add(&name, *one->mailbox ? one->mailbox : one->address);
  bool is_new = names_add(&all->seen, text_string(&name));
  text_free(&name);
  return is_new;
}

void policy_destinations_see(struct policy_destinations *all)
{
  struct policy_destination one;

  for (size_t at = 0; policy_destinations_next(all, &at, &one);) see(all, &one);
}

void policy_destinations_add(struct policy_destinations *all, const struct policy_destination *one)
{
  if (!see(all, one)) {
    all->met++;
    text_copy(&all->met_address, one->address);
    text_string(&all->met_address);
  } else {
    add_string(all, one->address);
    add_string(all, one->mailbox);
    add_string(all, one->original);
    add_string(all, one->detail);
    add_string(all, one->via);
    add_string(all, one->bypass);
    add_string(all, one->is_copy ? "copy" : "");
    all->count++;
  }
}

void policy_destinations_join(struct policy_destinations *all, const struct policy_destinations *more)
{
  struct policy_destination one;

  for (size_t at = 0; policy_destinations_next(more, &at, &one);) policy_destinations_add(all, &one);
  for (size_t at = 0; at < more->domains.strings.len; at += strlen(more->domains.strings.s + at) + 1) names_add(&all->domains, more->domains.strings.s + at);
}

static const char *next_string(const text *strings, size_t *at)
{
  const char *string = strings->s + *at;
  *at += strlen(string) + 1;
  return string;
}

bool policy_destinations_next(const struct policy_destinations *all, size_t *at, struct policy_destination *one)
{
  if (*at >= all->strings.len) return false;
  one->address = next_string(&all->strings, at);
  one->mailbox = next_string(&all->strings, at);
  one->original = next_string(&all->strings, at);
  one->detail = next_string(&all->strings, at);
  one->via = next_string(&all->strings, at);
  one->bypass = next_string(&all->strings, at);
  one->is_copy = *next_string(&all->strings, at) != 0;
  return true;
}

void policy_destinations_clear(struct policy_destinations *all)
{
  text_clear(&all->strings);
  names_clear(&all->seen);
  names_clear(&all->domains);
  all->count = all->met = 0;
}

void policy_destinations_free(struct policy_destinations *all)
{
  text_free(&all->strings);
  names_free(&all->seen);
  names_free(&all->domains);
  text_free(&all->met_address);
  all->count = all->met = 0;
}
