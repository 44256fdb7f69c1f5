#include "send/hop.h"

#include <stdio.h>
#include <string.h>

#include <skalibs/random.h>

#include "lib/conf.h"
#include "lib/dns.h"
#include "send/dial.h"
#include "send/hosts.h"
#include "send/rule.h"

enum { SMTP_PORT = 25, CONNECT_SECONDS = 60, DNS_SECONDS = 10, SECONDS_MAX = 86400 };

/* "[host]" and "[IPv6:2001:db8::1]" are the host and the address (RFC 5321 4.1.3). */
static void set_name(text *to, const char *name)
{
  size_t length = strlen(name);

  if (length > 2 && name[0] == '[' && name[length - 1] == ']') {
    name++;
    length -= 2;
    if (length > 5 && bytes_are_nocase(name, "IPv6:", 5)) name += 5, length -= 5;
  }
  text_copy_bytes(to, name, length);
  text_lower(to);
  text_string(to);
}

static void take_others(struct hop *hop, const text *record)
{
  size_t at = 0, key_length;

  text_clear(&hop->others);
  record_add_number(&hop->others, "port", hop->port);
  for (const char *pair; (pair = record_walk(record, &at, &key_length));)
    if (!strncmp(pair, "next=", 5) || !strncmp(pair, "equal=", 6)) text_add_bytes(&hop->others, pair, strlen(pair) + 1);
}

bool send_hop_parse(struct hop *hop, const text *record)
{
  uint64_t port = SMTP_PORT;
  size_t at = 0;

  if (!conf_value("helohost", &hop->helo, "")) conf_me(&hop->helo);
  hop->is_mx = record_is(record, "route", "mx");
  set_name(&hop->name, record_get(record, hop->is_mx ? "domain" : "host"));
  text_copy(&hop->rule, record_get(record, "rule"));
  text_clear(&hop->pins);
  for (const char *pin; (pin = record_next(record, "fingerprint", &at));) record_add(&hop->pins, "fingerprint", pin);
  if (!hop->is_mx && !record_is(record, "route", "host")) return false;
  if (record_find(record, "port") && (!record_number(record, "port", 65535, &port) || !port)) return false;
  hop->port = (unsigned int)port;
  hop->is_untold = record_is(record, "untold", "yes");
  take_others(hop, record);
  return hop->name.len && send_tlspolicy_word(record_find(record, "tls") ? record_get(record, "tls") : hop->is_mx ? "auto" : "may", &hop->tls);
}

/* Mail for a domain whose best host is this one would come back to us for ever (RFC 5321 5.1). */
static void say_loop(struct dial *d)
{
  send_outcome_say(d->why, OUTCOME_NEVER, "5.4.6", "mail for ", d->hop->name.s,
                   " loops back to this host: its MX is this host, but control/domains does not have the domain",
                   (char *)0);
}

static bool is_own_name(const struct dial *d, const char *host)
{
  return d->hop->helo.len == strlen(host) && bytes_are_nocase(d->hop->helo.s, host, d->hop->helo.len);
}

/* The hosts up to our own name: it and what has no better preference is never tried. */
static unsigned int usable(struct dial *d, const struct dns_list *list)
{
  for (unsigned int i = 0; i < list->count; i++)
    if (is_own_name(d, list->records[i].name)) {
      unsigned int first = i;
      while (first && list->records[first - 1].preference == list->records[i].preference) first--;
      d->is_loop = !first;
      return first;
    }
  return list->count;
}

static uint32_t random_number(void)
{
  uint32_t number;

  random_buf((char *)&number, sizeof number);
  return number;
}

/* At once: the MX, and whether the domain has a policy. */
static enum dns_result find_mx(struct dial *d, struct dns_list **list)
{
  static struct dns_question all[2];
  struct dns_question *mx = &all[0], *policy = &all[1];

  dns_question_set(mx, d->hop->name.s, DNS_MX);
  bool asks_policy = send_tlsplan_question(&d->tls, policy);
  dns_ask(all, asks_policy ? 2 : 1, dns_now_ms() + (int64_t)send_client_left(d->c, DNS_SECONDS) * 1000, -1);
  if (asks_policy) send_tlsplan_take_answer(&d->tls, policy);
  *list = &mx->list;
  if (mx->result != DNS_LATER && mx->list.is_cut) return dns_find(mx->name, DNS_MX, *list);
  dns_order(*list, random_number);
  return mx->result;
}

static bool reach_mx(struct dial *d)
{
  const char *domain = d->hop->name.s;
  struct dns_list *list;
  unsigned int count;
  bool is_implicit = true;

  switch (find_mx(d, &list)) {
  case DNS_LATER:
    send_outcome_say(d->why, OUTCOME_LATER, "4.4.3", "the MX of ", domain, " cannot be found now: no answer from DNS",
                     (char *)0);
    return false;
  case DNS_ABSENT:
    send_outcome_say(d->why, OUTCOME_NEVER, "5.1.2", "there is no domain ", domain, (char *)0);
    return false;
  case DNS_NOTHING: /* the implicit MX */
    list->count = 1;
    list->records[0] = (struct dns_record){ .kind = DNS_MX };
    memcpy(list->records[0].name, domain, d->hop->name.len); /* its question was asked: it is short enough */
    break;
  case DNS_FOUND: is_implicit = false; break;
  }
  send_tlsplan_take_mx(&d->tls, list, is_implicit);
  if (list->is_null_mx) {
    send_outcome_say(d->why, OUTCOME_NEVER, "5.1.10", "the domain ", domain, " takes no mail: it has a null MX",
                     (char *)0);
    d->why->code = 556; /* RFC 7505 4.1 */
    return false;
  }
  send_outcome_say(d->why, OUTCOME_NEVER, "5.4.4", "no host that takes mail for ", domain, " has an address",
                   (char *)0);
  count = usable(d, list);
  for (unsigned int i = 0; i < count && !send_dial_is_done(d); i++)
    if (send_dial_host(d, list->records[i].name)) return true;
  return false;
}

/* A relay whose name leads nowhere is a mistake of ours, for which nobody's mail is returned. Each host has all its addresses tried. */
static bool reach_hosts(struct dial *d, struct hop *hop)
{
  struct hosts hosts;
  text name = TEXT_ZERO;
  bool is_reached = false;

  send_outcome_say(d->why, OUTCOME_LATER, "4.4.4", "the relay ", hop->name.s, " has no address", hop->rule.len ? ": " : "",
                   hop->rule.len ? send_rule_name(hop) : "", (char *)0);
  send_hosts_sort(&hosts, &hop->others, random_number);
  for (unsigned int i = 0; i < hosts.count && !is_reached; i++) {
    const char *value = hosts.all[i].value;
    uint64_t port = 0;
    if (!value && record_number(&hop->others, "port", 65535, &port)) {
      set_name(&name, hop->name.s);
      hop->port = (unsigned int)port;
    } else if (!value || !send_hosts_split(value, &name, &hop->port))
      continue;
    if (!send_rule_leads_to(hop, text_string(&name), hop->port)) {
      send_outcome_say(d->why, OUTCOME_LATER, "4.3.0", name.s, " is no host of ", send_rule_name(hop), " any more", (char *)0);
      continue;
    }
    d->tried = 0;
    is_reached = send_dial_host(d, text_string(&name));
  }
  text_free(&name);
  return is_reached;
}

/* The hosts that are tried, one after the other. */
static bool reach(struct dial *d, struct hop *hop)
{
  if (!hop->is_mx) return send_rule_read(hop, d->why) && reach_hosts(d, hop);
  text_clear(&hop->facts);
  text_add_text(&hop->facts, &hop->pins);
  if (send_dial_is_address(hop->name.s) ? send_dial_host(d, hop->name.s) : reach_mx(d)) return true;
  if (d->is_loop && !d->was_later) say_loop(d);
  return false;
}

/* A message that requires TLS was kept from a host that is there: that is no way for it, or not now, and says nothing of other mail (a status
   4.4.x would: send/result). */
static void say_lacking(const struct dial *d, const struct hop *hop, struct outcome *why)
{
  if (d->was_later)
    snprintf(why->status, sizeof why->status, "4.7.30");
  else
    send_outcome_say(why, OUTCOME_NEVER, "5.7.30",
                     "its sender wants it to go only where TLS is verified all the way (REQUIRETLS), which no way to ", hop->name.s, " is", (char *)0);
}

bool send_hop_reach(struct hop *hop, struct client *c, struct outcome *why)
{
  struct dial d = { .hop = hop, .c = c, .why = why, .remote = TEXT_ZERO, .tls = TLS_SEARCH_ZERO, .plan = TLS_PLAN_ZERO };

  d.connect_seconds = (unsigned int)conf_number("timeoutconnect", CONNECT_SECONDS, SECONDS_MAX);
  send_client_init(c);
  text_clear(&c->remote);
  text_clear(&c->tls);
  c->policy = 0;
  c->is_verified = false;
  send_tlsplan_begin(&d.tls, hop);
  bool is_reached = reach(&d, hop);
  text_wipe(&hop->facts);
  if (is_reached)
    text_free(&d.remote);
  else
    send_dial_end(&d);
  if (!is_reached && d.lacks_requiretls) say_lacking(&d, hop, why);
  send_tlsplan_free(&d.plan);
  send_tlsplan_end(&d.tls);
  return is_reached;
}
