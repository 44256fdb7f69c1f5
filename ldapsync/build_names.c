#include <string.h>

#include "lib/hash.h"
#include "ldapsync/build.h"
#include "ldapsync/map.h"

size_t build_find_name(const struct build *b, const char *login)
{
  uint64_t hash = hash_string(login);
  size_t from = 0, to = b->login_count;

  while (from < to) {
    size_t middle = from + (to - from) / 2;
    const struct build_name *n = &b->logins[middle];
    if (n->hash < hash || (n->hash == hash && strcmp(n->name, login) < 0))
      from = middle + 1;
    else
      to = middle;
  }
  return from < b->login_count && !strcmp(b->logins[from].name, login) ? from : b->login_count;
}

static bool has(const struct names *contested, const char *kind, const char *what)
{
  text one = TEXT_ZERO;

  text_add_format(&one, "%s %s", kind, what);
  bool is_there = names_have(contested, text_string(&one));
  text_free(&one);
  return is_there;
}

bool build_is_contested(const struct build *b, const struct account *a)
{
  return b->contested.count && (has(&b->contested, "key", a->key) || (a->name && has(&b->contested, "name", a->name)));
}

struct account *build_login(const struct build *b, const char *login)
{
  size_t from = build_find_name(b, login);

  if (from == b->login_count) return 0;
  const struct build_name *first = &b->logins[from];
  for (size_t i = from + 1; first->rank == BUILD_ALIAS && i < b->login_count && !strcmp(b->logins[i].name, login); i++)
    if (b->logins[i].account != first->account) return 0;
  return first->account;
}

static uint64_t order_of(const struct account *a)
{
  if (!a->place) return LEADS_OF_OTHERS;
  return a->place->age == (size_t)-1 ? LEADS_OF_SYSTEM : LEADS_OF_PEOPLE + a->place->age;
}

/* A list's member who has his mail elsewhere gets it there (L-21). */
static void lead_elsewhere(const struct account *a, struct leads *l)
{
  for (size_t at = 0; a->elsewhere && at < a->addresses.len; at += strlen(a->addresses.s + at) + 1)
    leads_add(l, &(struct lead){ .address = a->addresses.s + at, .to = a->elsewhere, .from = a->from.s, .order = order_of(a), .kind = LEAD_DIRECTORY, .what = LEAD_FORWARD });
}

/* An address of a relayed domain leads to itself: it is listed, and goes to the relay. */
static void lead_relayed(const struct account *a, struct leads *l)
{
  for (size_t at = 0; at < a->relayed.len; at += strlen(a->relayed.s + at) + 1)
    leads_add(l, &(struct lead){ .address = a->relayed.s + at, .to = a->relayed.s + at, .from = a->from.s, .order = order_of(a), .kind = LEAD_DIRECTORY, .what = LEAD_FORWARD });
}

static void lead_person(const struct account *a, struct leads *l)
{
  for (size_t at = 0; at < a->addresses.len; at += strlen(a->addresses.s + at) + 1) {
    const char *address = a->addresses.s + at;
    leads_add(l, &(struct lead){ .address = address, .to = a->key, .from = a->from.s, .order = order_of(a), .kind = at < a->made_at ? LEAD_DIRECTORY : LEAD_USER,
                                 .what = LEAD_MAILBOX, .is_primary = address == a->name, .is_internal = record_is(&a->facts, "internal", "yes") });
  }
}

void build_leads_of(const struct account *a, struct leads *l)
{
  if (a->is_public)
    leads_add(l, &(struct lead){ .address = a->name, .to = a->key, .from = a->from.s, .order = order_of(a), .kind = LEAD_PUBLIC, .what = LEAD_MAILBOX });
  else if (a->place)
    lead_person(a, l);
  else
    lead_elsewhere(a, l);
  lead_relayed(a, l);
}

void build_leads(const struct build *b, struct leads *l)
{
  for (size_t i = 0; i < b->accounts.count; i++) build_leads_of(b->accounts.all[i], l);
  for (size_t i = 0; i < b->others.count; i++) build_leads_of(b->others.all[i], l);
}
