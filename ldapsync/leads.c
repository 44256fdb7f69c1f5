#include <stdlib.h>
#include <string.h>

#include "ldapsync/leads.h"
#include "ldapsync/map.h"
#include "ldapsync/sorted.h"
#include "lib/die.h"
#include "lib/hash.h"

enum { ALIASES_MAX = 100 };

static const char *const kinds[] = { "address", "address", "address", "group", "user" };
static const char *const targets[] = { "mailbox", "group", "forward" };

void leads_add(struct leads *l, const struct lead *lead)
{
  if (l->count == l->room) {
    l->room = l->room ? l->room * 2 : 1024;
    l->all = realloc(l->all, l->room * sizeof *l->all);
    if (!l->all) die_nomem();
  }
  struct lead *next = &l->all[l->count];
  *next = *lead;
  next->hash = hash_string(lead->address);
  l->count++;
  size_t length = strlen(lead->address);
  if (length > 1 && !strcmp(lead->address + length - 2, "@*")) l->has_generic = true;
}

static int compare(const void *x, const void *y)
{
  const struct lead *a = x, *b = y;

  if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
  int order = strcmp(a->address, b->address);
  if (order) return order;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  if (a->order != b->order) return a->order < b->order ? -1 : 1;
  order = a->to && b->to ? strcmp(a->to, b->to) : 0;
  return order ? order : a->from && b->from ? strcmp(a->from, b->from) : 0;
}

void leads_sort(struct leads *l)
{
  if (l->count) qsort(l->all, l->count, sizeof *l->all, compare);
}

bool leads_exchange(struct leads *l, struct leads *gone, struct leads *fresh)
{
  struct sorted sorted = { .all = l->all, .count = l->count, .room = l->room, .size = sizeof *l->all, .compare = compare };
  bool good = sorted_exchange(&sorted, gone->all, gone->count, fresh->all, fresh->count);

  l->all = sorted.all;
  l->count = sorted.count;
  l->room = sorted.room;
  l->has_generic = l->has_generic || fresh->has_generic;
  return good;
}

const struct lead *leads_find(const struct leads *l, const char *address)
{
  struct lead wanted = { .hash = hash_string(address), .address = address };
  size_t from = 0, to = l->count;

  while (from < to) {
    size_t middle = from + (to - from) / 2;
    if (compare(&l->all[middle], &wanted) < 0)
      from = middle + 1;
    else
      to = middle;
  }
  return from < l->count && !strcmp(l->all[from].address, address) ? &l->all[from] : 0;
}

const struct lead *leads_find_generic(const struct leads *l, const char *address)
{
  const char *at = strrchr(address, '@');
  text generic = TEXT_ZERO;

  if (!l->has_generic || !at) return 0;
  text_add_bytes(&generic, address, (size_t)(at - address));
  text_add(&generic, "@*");
  const struct lead *found = leads_find(l, text_string(&generic));
  text_free(&generic);
  return found;
}

size_t leads_end(const struct leads *l, size_t i)
{
  size_t end = i + 1;
  while (end < l->count && l->all[end].hash == l->all[i].hash && !strcmp(l->all[end].address, l->all[i].address)) end++;
  return end;
}

static bool is_there(const struct leads *l, const char *address) { return leads_find(l, address) || leads_find_generic(l, address); }

/* The address without the detail of plus-addressing; false if there is none. */
static bool strip_detail(const char *address, text *stripped)
{
  const char *at = strrchr(address, '@');
  size_t length = strcspn(address, "+");

  if (!at || !length || address + length >= at) return false;
  text_copy_bytes(stripped, address, length);
  text_add(stripped, at);
  text_string(stripped);
  return true;
}

bool leads_reach(const struct leads *l, const struct domains *d, const char *address)
{
  text wanted = TEXT_ZERO, stripped = TEXT_ZERO;
  bool found = false, is_ours = true;

  text_add(&wanted, address);
  for (unsigned int steps = 0; !found && is_ours && steps < ALIASES_MAX; steps++) {
    const char *at = strrchr(text_string(&wanted), '@');
    const struct domain *domain = at ? domains_find(d, at + 1) : 0;
    found = !domain || domain->is_relayed || is_there(l, wanted.s) || (strip_detail(wanted.s, &stripped) && is_there(l, stripped.s)) ||
            record_find(&domain->record, "catchall");
    const char *alias = domain ? record_get(&domain->record, "alias") : "";
    is_ours = *alias != 0;
    wanted.len = at ? (size_t)(at - wanted.s) + 1 : 0;
    text_add(&wanted, alias);
  }
  text_free(&wanted);
  text_free(&stripped);
  return found;
}

/* T7: what is said of the address itself counts; what is said of its local part counts for those that the directory makes. */
static bool is_internal(const struct leads *l, size_t i, size_t end)
{
  const struct lead *first = &l->all[i];
  const char *at = strrchr(first->address, '@');
  text generic = TEXT_ZERO;

  if (names_have(&l->internal, first->address)) return true;
  for (size_t n = i; n < end && l->all[n].kind == first->kind; n++)
    if (l->all[n].is_internal) return true;
  if (first->kind <= LEAD_PUBLIC || !l->internal.count || !at) return false;
  text_add_bytes(&generic, first->address, (size_t)(at - first->address));
  text_add(&generic, "@*");
  bool is = names_have(&l->internal, text_string(&generic));
  text_free(&generic);
  return is;
}

static void report(const struct lead *weak, const struct lead *strong)
{
  if (weak->kind == LEAD_PUBLIC && !strcmp(weak->address, "postmaster@*")) return; /* it is there until somebody is named (N-42) */
  strerr_warnw(weak->from, ": mail to ", weak->address, " does not get there: ", strong->from, " has this address");
}

/* Whoever claims an address that a stronger kind has (an address beats a group, and a group a user of its name). */
static void report_others(const struct leads *l, size_t i, size_t end)
{
  const struct lead *first = &l->all[i], *generic = 0;

  if (first->kind >= LEAD_GROUP && (generic = leads_find_generic(l, first->address))) report(first, generic);
  for (size_t n = i + 1; n < end; n++)
    if (l->all[n].kind != first->kind && strcmp(l->all[n].to, first->to)) report(&l->all[n], first);
  for (size_t n = i + 1; n < end && l->all[n].kind == first->kind; n++) /* L-21: a list of one primary address is seldom meant */
    if (first->is_primary && first->kind == LEAD_DIRECTORY && strcmp(l->all[n].to, first->to))
      strerr_warnw(l->all[n].from, ": its further address ", first->address, " is the primary one of ", first->from, ": both get its mail");
}

void leads_record(const struct leads *l, size_t i, text *record)
{
  const struct lead *first = &l->all[i];
  size_t end = leads_end(l, i);
  const char *before = "", *from = "";

  text_clear(record);
  record_add(record, "kind", kinds[first->kind]);
  for (size_t n = i; n < end && l->all[n].kind == first->kind; n++) {
    if (!strcmp(l->all[n].to, before)) continue;
    before = l->all[n].to;
    record_add(record, targets[l->all[n].what], before);
  }
  if (is_internal(l, i, end)) record_add(record, "internal", "yes");
  for (size_t n = i; n < end && l->all[n].kind == first->kind; n++) {
    if (!strcmp(l->all[n].from, from)) continue;
    from = l->all[n].from;
    record_add(record, "from", from);
  }
  if (end > i + 1 || first->kind >= LEAD_GROUP) report_others(l, i, end);
}

size_t leads_addresses(const struct leads *l)
{
  size_t count = 0;
  for (size_t i = 0; i < l->count; i = leads_end(l, i)) count++;
  return count;
}
