#include <string.h>

#include "lib/policy.h"

static void set(struct policy_route *route, enum policy_route_kind kind, const char *rule, const char *from)
{
  route->kind = kind;
  route->rule = rule;
  text_copy(&route->from, from);
  text_string(&route->from);
}

static void fail(struct policy_route *route, enum policy_route_kind kind, const char *status, const char *why)
{
  route->kind = kind;
  route->status = status;
  text_copy(&route->text, why);
  text_string(&route->text);
}

static void fail_tables(struct policy_route *route)
{
  set(route, POLICY_ROUTE_LATER, "tables", "tables/current/policy.cdb");
  fail(route, POLICY_ROUTE_LATER, "4.3.0", "the address tables cannot be read");
}

/* True if the mailbox decided. One that is gone may have come back under another key: then the address decides. */
static bool to_mailbox(struct tables *tables, const char *key, struct policy_route *route)
{
  text record = TEXT_ZERO;
  enum lookup_result result = tables_find(tables, "mailbox", key, &record);

  if (result == LOOKUP_BROKEN)
    fail_tables(route);
  else if (result == LOOKUP_FOUND) {
    set(route, POLICY_ROUTE_MAILBOX, "mailbox", record_get(&record, "from"));
    text_copy(&route->mailbox, key);
    text_string(&route->mailbox);
    if (record_is(&record, "receive", "no")) {
      route->rule = "mailbox-disabled";
      fail(route, POLICY_ROUTE_NOWHERE, "5.2.1", "mailbox is disabled");
    }
  }
  text_free(&record);
  return result != LOOKUP_ABSENT;
}

/* A copied value, not the record as it is: what the next hop gets is what doc/calls.md says. */
static void add_hop(text *hop, const text *record, const char *key)
{
  record_add(hop, key, record_get(record, key));
}

static void to_hop(struct tables *tables, const struct address *recipient, struct policy_route *route)
{
  text record = TEXT_ZERO;

  switch (tables_find(tables, "relay", "default", &record)) {
  case LOOKUP_BROKEN: fail_tables(route); break;
  case LOOKUP_FOUND:
    set(route, POLICY_ROUTE_HOP, "relay", record_get(&record, "file"));
    record_add(&route->hop, "route", "host");
    add_hop(&route->hop, &record, "host");
    add_hop(&route->hop, &record, "port");
    add_hop(&route->hop, &record, "rule");
    add_hop(&route->hop, &record, "tls");
    break;
  case LOOKUP_ABSENT:
    set(route, POLICY_ROUTE_HOP, "mx", "");
    record_add(&route->hop, "route", "mx");
    record_add(&route->hop, "domain", recipient->domain);
  }
  text_free(&record);
}

/* An address of ours that is in the queue without its mailbox: its domain became ours since, or its mailbox is gone. */
static void to_address(struct tables *tables, const struct address *recipient, struct policy_route *route)
{
  struct policy_facts facts = { .role = POLICY_MX, .me = "", .postmaster = "" };
  struct policy_destinations all = POLICY_DESTINATIONS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct policy_destination one;
  size_t at = 0;

  policy_expand(tables, &facts, recipient, &all, &d);
  set(route, POLICY_ROUTE_SEVERAL, d.rule, d.from.s);
  if (!policy_is_accepted(&d))
    fail(route, d.code / 100 == 5 ? POLICY_ROUTE_NOWHERE : POLICY_ROUTE_LATER, d.status, d.text.s);
  else if (all.count == 1 && policy_destinations_next(&all, &at, &one) && *one.mailbox)
    to_mailbox(tables, one.mailbox, route);
  policy_destinations_free(&all);
  policy_decision_free(&d);
}

void policy_route(struct tables *tables, const char *recipient, const char *mailbox, struct policy_route *route)
{
  struct address address = ADDRESS_ZERO;
  text record = TEXT_ZERO;

  text_clear(&route->mailbox);
  text_clear(&route->hop);
  route->status = "";
  text_copy(&route->text, "");
  text_string(&route->text);
  set(route, POLICY_ROUTE_NOWHERE, "address", "");
  if (mailbox && *mailbox && to_mailbox(tables, mailbox, route)) return;
  if (address_parse(&address, recipient, strlen(recipient)) != ADDRESS_FULL || address.is_literal)
    fail(route, POLICY_ROUTE_NOWHERE, "5.1.3", "mail goes to addresses with a domain name only");
  else
    switch (tables_find(tables, "domain", address.domain, &record)) {
    case LOOKUP_BROKEN: fail_tables(route); break;
    case LOOKUP_ABSENT: to_hop(tables, &address, route); break;
    case LOOKUP_FOUND: to_address(tables, &address, route);
    }
  address_free(&address);
  text_free(&record);
}

void policy_route_free(struct policy_route *route)
{
  text_free(&route->mailbox);
  text_free(&route->hop);
  text_free(&route->text);
  text_free(&route->from);
}
