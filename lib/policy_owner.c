#include "lib/policy_owner.h"

#include <string.h>

#include "lib/policy_lookup.h"

enum { ALIASES_MAX = 10 }; /* domains that are each other's alias */

/* What the tables have of the address, behind all aliases of its domain. A catch-all gives nobody a name. */
static void find_record(struct tables *tables, char delimiter, const struct address *sender, struct policy_lookup *l)
{
  struct address next = ADDRESS_ZERO;

  policy_lookup(tables, delimiter, sender, l);
  for (int i = 0; l->place == POLICY_ALIAS && i < ALIASES_MAX; i++)
    if (address_parse(&next, l->next.s, l->next.len) == ADDRESS_FULL)
      policy_lookup(tables, delimiter, &next, l);
    else
      l->place = POLICY_UNKNOWN;
  if (l->place != POLICY_KNOWN) text_clear(&l->record);
  address_free(&next);
}

/* The record's one mailbox, if there is no second one and no group; 0. */
static const char *sole_mailbox(const text *record)
{
  size_t at = 0;
  const char *key = record_next(record, "mailbox", &at);

  return key && !record_next(record, "mailbox", &at) && !record_find(record, "group") ? key : 0;
}

static bool is_public(struct tables *tables, const char *mailbox)
{
  text record = TEXT_ZERO;
  bool is = tables_find(tables, "mailbox", mailbox, &record) == LOOKUP_FOUND && record_is(&record, "kind", "public");

  text_free(&record);
  return is;
}

/* A public mailbox is nobody's own. */
bool policy_owner(struct tables *tables, char delimiter, const struct address *sender, text *mailbox)
{
  struct policy_lookup l = POLICY_LOOKUP_ZERO;

  find_record(tables, delimiter, sender, &l);
  bool is_readable = l.place != POLICY_BROKEN;
  const char *key = sole_mailbox(&l.record);
  text_copy(mailbox, key && !is_public(tables, key) ? key : "");
  text_string(mailbox);
  policy_lookup_free(&l);
  return is_readable;
}

static bool is_granted(const text *grants, const struct address *sender)
{
  return record_is(grants, "any", "yes") || record_has(grants, "address", sender->folded.s) ||
         record_has(grants, "domain", sender->domain);
}

static bool is_in_group(struct tables *tables, const text *record, const char *mailbox)
{
  text group = TEXT_ZERO;
  bool is = false;
  size_t at = 0;

  for (const char *key; !is && (key = record_next(record, "group", &at));)
    is = tables_find(tables, "group", key, &group) == LOOKUP_FOUND && record_has(&group, "mailbox", mailbox);
  text_free(&group);
  return is;
}

/* By the words of control/sendas that are for all: a member as the group, a holder as the list, anybody as a public mailbox. */
static bool may_share(struct tables *tables, const struct policy_facts *f, const text *all, const struct address *sender)
{
  struct policy_lookup l = POLICY_LOOKUP_ZERO;
  size_t at = 0;

  find_record(tables, f->delimiter, sender, &l);
  const char *first = record_next(&l.record, "mailbox", &at);
  bool may = (record_is(all, "groups", "yes") && is_in_group(tables, &l.record, f->mailbox)) ||
             (record_is(all, "lists", "yes") && first && !sole_mailbox(&l.record) && record_has(&l.record, "mailbox", f->mailbox)) ||
             (record_is(all, "public", "yes") && first && sole_mailbox(&l.record) && is_public(tables, first));
  policy_lookup_free(&l);
  return may;
}

enum policy_right policy_may_send_as(struct tables *tables, const struct policy_facts *f, const struct address *sender)
{
  text owner = TEXT_ZERO, grants = TEXT_ZERO;
  bool may = false;

  if (!f->mailbox || !*f->mailbox) return POLICY_NO_RIGHT;
  bool is_readable = policy_owner(tables, f->delimiter, sender, &owner);
  if (is_readable) {
    may = !strcmp(owner.s, f->mailbox);
    if (!may) may = tables_find(tables, "sendas", f->mailbox, &grants) == LOOKUP_FOUND && is_granted(&grants, sender);
    if (!may) may = tables_find(tables, "sendas", "*", &grants) == LOOKUP_FOUND &&
                    (is_granted(&grants, sender) || may_share(tables, f, &grants, sender));
  }
  text_free(&owner);
  text_free(&grants);
  return !is_readable ? POLICY_RIGHT_UNKNOWN : may ? POLICY_RIGHT : POLICY_NO_RIGHT;
}
