#include <string.h>

#include "lib/policy_relay.h"

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

/* The next hop is what doc/calls.md says, in this order: equal hops are equal bytes. rule names the credentials (T4). */
static void to_host(struct policy_route *route, const char *name, const char *from, const char *host, const char *port,
                    const char *rule, const char *tls)
{
  set(route, POLICY_ROUTE_HOP, name, from);
  record_add(&route->hop, "route", "host");
  record_add(&route->hop, "host", host);
  record_add(&route->hop, "port", *port ? port : "25");
  if (*rule) record_add(&route->hop, "rule", rule);
  record_add(&route->hop, "tls", *tls ? tls : "may");
}

/* Further hosts, in order of preference. */
static void add_hosts(struct policy_route *route, const text *record)
{
  size_t at = 0, key_length;

  for (const char *pair; (pair = record_walk(record, &at, &key_length));)
    if (!strncmp(pair, "next=", 5) || !strncmp(pair, "equal=", 6)) text_add_bytes(&route->hop, pair, strlen(pair) + 1);
}

static void to_relay(struct policy_route *route, const char *name, const text *rule)
{
  to_host(route, name, record_get(rule, "file"), record_get(rule, "host"), record_get(rule, "port"), record_get(rule, "rule"),
          record_get(rule, "tls"));
  add_hosts(route, rule);
}

/* One word of the order. True if its rule decided, or the tables are broken. */
static bool try_rule(struct tables *tables, const struct policy_facts *facts, const struct address *recipient, const char *word,
                     size_t length, struct policy_route *route)
{
  static const struct {
    const char *word, *name;
  } types[] = { { "sender", "relay-sender" }, { "recipient", "relay-recipient" }, { "default", "relay-default" } };
  enum lookup_result result = LOOKUP_ABSENT;
  text record = TEXT_ZERO;

  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strlen(types[i].word) != length || memcmp(types[i].word, word, length)) continue;
    const struct address *subject = i == 0 ? facts->sender : i == 1 ? recipient : 0;
    result = policy_relay_find(tables, types[i].word, subject, &record);
    if (result == LOOKUP_BROKEN) fail_tables(route);
    if (result == LOOKUP_FOUND) to_relay(route, types[i].name, &record);
  }
  text_free(&record);
  return result != LOOKUP_ABSENT;
}

/* The archive's own way (N-79, N-104): its host may have no name in the DNS. */
static bool try_copy(struct tables *tables, const struct address *recipient, struct policy_route *route)
{
  text record = TEXT_ZERO;
  enum lookup_result result = tables_find(tables, "relay", "bcc", &record);
  bool is_for = result == LOOKUP_FOUND && policy_relay_is_for(record_get(&record, "subject"), recipient);

  if (result == LOOKUP_BROKEN) fail_tables(route);
  if (is_for) to_relay(route, "relay-bcc", &record);
  text_free(&record);
  return is_for || result == LOOKUP_BROKEN;
}

/* By which TLS the domain gets mail (control/tlspolicy): its own line, that of the nearest domain above it, "*". What is automatic
   is not said. */
static enum lookup_result find_tls(struct tables *tables, const char *domain, text *record)
{
  enum lookup_result result = tables_find(tables, "tlspolicy", domain, record);

  for (const char *dot = strchr(domain, '.'); dot && result == LOOKUP_ABSENT; dot = strchr(dot + 1, '.'))
    result = tables_find(tables, "tlspolicy", dot, record);
  return result == LOOKUP_ABSENT ? tables_find(tables, "tlspolicy", "*", record) : result;
}

/* What the operator has decided holds for all; what the recipient's domain wishes does not count if the sender would rather have it
   arrive (RFC 8689 5). */
static void add_tls(struct policy_route *route, const struct policy_facts *facts, const text *found)
{
  size_t at = 0;

  if (!record_is(found, "policy", "auto") && record_find(found, "policy")) {
    record_add(&route->hop, "tls", record_get(found, "policy"));
    for (const char *pin; (pin = record_next(found, "fingerprint", &at));) record_add(&route->hop, "fingerprint", pin);
  } else if (facts->is_tls_optional)
    record_add(&route->hop, "tls", "may");
  if (facts->is_tls_report) record_add(&route->hop, "untold", "yes");
}

static void to_mx(struct tables *tables, const struct policy_facts *facts, const struct address *recipient, struct policy_route *route)
{
  text record = TEXT_ZERO;

  set(route, POLICY_ROUTE_HOP, "mx", "");
  record_add(&route->hop, "route", "mx");
  record_add(&route->hop, "domain", recipient->domain);
  enum lookup_result result = find_tls(tables, recipient->domain, &record);
  if (result == LOOKUP_FOUND) set(route, POLICY_ROUTE_HOP, "mx", record_get(&record, "file"));
  add_tls(route, facts, &record);
  if (result == LOOKUP_BROKEN) fail_tables(route);
  text_free(&record);
}

static void to_hop(struct tables *tables, const struct policy_facts *facts, const struct address *recipient, bool is_copy,
                   struct policy_route *route)
{
  const char *word = facts->relay_order ? facts->relay_order : "sender recipient default"; /* T1 */

  if (is_copy && try_copy(tables, recipient, route)) return;
  for (size_t length; *(word += strspn(word, " \t")); word += length) {
    length = strcspn(word, " \t");
    if (try_rule(tables, facts, recipient, word, length, route)) return;
  }
  to_mx(tables, facts, recipient, route);
}

/* An address of ours that is in the queue without its mailbox: its domain became ours since, or its mailbox is gone. */
static void to_address(struct tables *tables, const struct policy_facts *facts, const struct address *recipient,
                       struct policy_route *route)
{
  struct policy_destinations all = POLICY_DESTINATIONS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct policy_destination one;
  size_t at = 0;

  policy_expand(tables, facts, recipient, &all, &d);
  set(route, POLICY_ROUTE_SEVERAL, d.rule, d.from.s);
  if (!policy_is_accepted(&d))
    fail(route, d.code / 100 == 5 ? POLICY_ROUTE_NOWHERE : POLICY_ROUTE_LATER, d.status, d.text.s);
  else if (all.count == 1 && policy_destinations_next(&all, &at, &one) && *one.mailbox)
    to_mailbox(tables, one.mailbox, route);
  policy_destinations_free(&all);
  policy_decision_free(&d);
}

/* A domain in the tables: one that we relay has its host (no relay rule turns its mail back to where it came from). */
static void to_domain(struct tables *tables, const struct policy_facts *facts, const struct address *recipient, const text *domain,
                      struct policy_route *route)
{
  size_t at = 0;

  if (*record_get(domain, "relay")) {
    to_host(route, "relay-domain", record_get(domain, "file"), record_get(domain, "relay"), record_get(domain, "port"), "",
            record_get(domain, "tls"));
    add_hosts(route, domain);
    for (const char *pin; (pin = record_next(domain, "fingerprint", &at));) record_add(&route->hop, "fingerprint", pin); /* S-31 */
  } else
    to_address(tables, facts, recipient, route);
}

void policy_route(struct tables *tables, const struct policy_facts *facts, const struct policy_stop *stop, struct policy_route *route)
{
  struct address address = ADDRESS_ZERO;
  text record = TEXT_ZERO;

  text_clear(&route->mailbox);
  text_clear(&route->hop);
  route->status = "";
  text_copy(&route->text, "");
  text_string(&route->text);
  set(route, POLICY_ROUTE_NOWHERE, "address", "");
  if (stop->mailbox && *stop->mailbox && to_mailbox(tables, stop->mailbox, route)) return;
  if (address_parse(&address, stop->address, strlen(stop->address)) != ADDRESS_FULL || address.is_literal)
    fail(route, POLICY_ROUTE_NOWHERE, "5.1.3", "mail goes to addresses with a domain name only");
  else
    switch (tables_find(tables, "domain", address.domain, &record)) {
    case LOOKUP_BROKEN: fail_tables(route); break;
    case LOOKUP_ABSENT: to_hop(tables, facts, &address, stop->is_copy, route); break;
    case LOOKUP_FOUND: to_domain(tables, facts, &address, &record, route);
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
