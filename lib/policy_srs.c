#include <string.h>

#include "lib/policy.h"

static bool has_record(struct tables *tables, const char *domain)
{
  text record = TEXT_ZERO;
  bool has = tables_find(tables, "domain", domain, &record) != LOOKUP_ABSENT;

  text_free(&record);
  return has;
}

/* A name of the network, and none of ours, nor one that we relay to its own host. */
static bool is_elsewhere(struct tables *tables, const struct address *address)
{
  return *address->domain && !address->is_literal && !has_record(tables, address->domain);
}

bool policy_needs_srs(struct tables *tables, const struct address *sender, const struct policy_destination *one, text *domain)
{
  struct address to = ADDRESS_ZERO, via = ADDRESS_ZERO;
  bool needs = false;

  if (!sender || !*one->via || *one->mailbox || one->is_copy || !is_elsewhere(tables, sender)) return false;
  if (address_parse(&to, one->address, strlen(one->address)) == ADDRESS_FULL && is_elsewhere(tables, &to) &&
      address_parse(&via, one->via, strlen(one->via)) == ADDRESS_FULL) {
    text_copy(domain, via.domain);
    text_string(domain);
    needs = true;
  }
  address_free(&to);
  address_free(&via);
  return needs;
}
