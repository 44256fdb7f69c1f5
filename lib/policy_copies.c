#include <string.h>

#include "lib/policy.h"

/* A hidden copy: to one of our mailboxes, or to an archive elsewhere. */
static void add_copy(struct tables *tables, const struct policy_facts *facts, const char *to, struct policy_destinations *all, text *skipped)
{
  struct policy_destinations found = POLICY_DESTINATIONS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct address address = ADDRESS_ZERO;
  struct policy_destination one;
  size_t at = 0;

  if (address_parse(&address, to, strlen(to)) == ADDRESS_FULL) policy_expand(tables, facts, &address, &found, &d);
  if (!policy_is_accepted(&d)) text_add_bytes(skipped, to, strlen(to) + 1);
  while (policy_destinations_next(&found, &at, &one)) {
    one.is_copy = true;
    policy_destinations_add(all, &one);
  }
  policy_destinations_free(&found);
  policy_decision_free(&d);
  address_free(&address);
}

/* What goes to an alias of a domain goes to that domain. */
static void add_domain(struct tables *tables, const struct policy_facts *facts, const char *domain, struct policy_destinations *all,
                       text *skipped)
{
  text record = TEXT_ZERO, alias = TEXT_ZERO;

  if (tables_find(tables, "domain", domain, &record) == LOOKUP_FOUND) {
    if (*record_get(&record, "copy")) add_copy(tables, facts, record_get(&record, "copy"), all, skipped);
    text_add(&alias, record_get(&record, "alias"));
    if (alias.len && tables_find(tables, "domain", text_string(&alias), &record) == LOOKUP_FOUND && *record_get(&record, "copy"))
      add_copy(tables, facts, record_get(&record, "copy"), all, skipped);
  }
  text_free(&record);
  text_free(&alias);
}

void policy_copies(struct tables *tables, const struct policy_facts *facts, struct policy_destinations *all, text *skipped)
{
  const text *domains = &all->domains.strings;

  for (size_t at = 0; at < domains->len; at += strlen(domains->s + at) + 1) add_domain(tables, facts, domains->s + at, all, skipped);
  if (facts->always_bcc && *facts->always_bcc) add_copy(tables, facts, facts->always_bcc, all, skipped);
}
