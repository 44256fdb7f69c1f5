#include "send/hop.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/dns.h"
#include "lib/log.h"
#include "send/rule.h"
#include "send/session.h"

enum { SMTP_PORT = 25, CONNECT_SECONDS = 60, SECONDS_MAX = 86400, ADDRESSES_MAX = 10 };

static const char *const tls_words[] = { [HOP_TLS_MAY] = "may",
                                         [HOP_TLS_ENCRYPT] = "encrypt",
                                         [HOP_TLS_VERIFY] = "verify",
                                         [HOP_TLS_TLS] = "tls",
                                         [HOP_TLS_OFF] = "off",
                                         [HOP_TLS_FINGERPRINT] = "fingerprint" };

static bool parse_tls(struct hop *hop, const char *word)
{
  for (unsigned int i = 0; i < sizeof tls_words / sizeof *tls_words; i++)
    if (!strcmp(word, tls_words[i])) {
      hop->tls = (enum hop_tls)i;
      return true;
    }
  return false;
}

/* "[host]" and "[IPv6:2001:db8::1]" are the host and the address (RFC 5321 4.1.3). */
static void set_name(struct hop *hop, const char *name)
{
  size_t length = strlen(name);

  if (length > 2 && name[0] == '[' && name[length - 1] == ']') {
    name++;
    length -= 2;
    if (length > 5 && bytes_are_nocase(name, "IPv6:", 5)) name += 5, length -= 5;
  }
  text_copy_bytes(&hop->name, name, length);
  text_lower(&hop->name);
  text_string(&hop->name);
}

bool send_hop_parse(struct hop *hop, const text *record)
{
  uint64_t port = SMTP_PORT;

  if (!conf_value("helohost", &hop->helo, "")) conf_me(&hop->helo);
  hop->is_mx = record_is(record, "route", "mx");
  set_name(hop, record_get(record, hop->is_mx ? "domain" : "host"));
  text_copy(&hop->rule, record_get(record, "rule"));
  if (!hop->is_mx && !record_is(record, "route", "host")) return false;
  if (record_find(record, "port") && (!record_number(record, "port", 65535, &port) || !port)) return false;
  hop->port = (unsigned int)port;
  return hop->name.len && parse_tls(hop, record_find(record, "tls") ? record_get(record, "tls") : "may");
}

bool send_hop_is_verified(const struct hop *hop)
{
  return hop->tls == HOP_TLS_VERIFY || hop->tls == HOP_TLS_TLS || hop->tls == HOP_TLS_FINGERPRINT;
}

/* What is known while one host after the other is tried. */
struct search {
  const struct hop *hop;
  struct client *c;
  struct outcome *why;
  unsigned int connect_seconds;
  unsigned int tried;  /* addresses */
  bool was_later;      /* something failed that may do better later */
  bool is_loop;
};

static void note(struct search *s)
{
  text remote = TEXT_ZERO, words = TEXT_ZERO;

  s->was_later = true;
  text_add_text(&remote, &s->c->remote);
  text_add_text(&words, &s->why->words);
  log_event("unreached", "hop", s->hop->name.s, "remote", text_string(&remote), "status", s->why->status, "reason",
            text_string(&words), (char *)0);
  text_free(&remote);
  text_free(&words);
}

static enum session_result try_once(struct search *s, const char *host, const char *address, bool allow_tls)
{
  enum session_result result;
  const char *source = "";

  if (!send_rule_source(s->hop, address, &source)) {
    send_outcome_say(s->why, OUTCOME_LATER, "4.4.1", host, "[", address, "] cannot be reached: no source address like it in ",
                     send_rule_name(s->hop), (char *)0);
    return SESSION_FAILED;
  }
  if (!send_client_connect(s->c, host, address, s->hop->port, source, s->connect_seconds)) {
    text remote = TEXT_ZERO;
    text_add_text(&remote, &s->c->remote);
    send_outcome_say(s->why, OUTCOME_LATER, "4.4.1", text_string(&remote), ": ", s->c->trouble, (char *)0);
    text_free(&remote);
    return SESSION_FAILED;
  }
  result = s->hop->is_mx && send_client_is_own(s->c) ? SESSION_LOOP
                                                     : send_session_open(s->c, s->hop, host, allow_tls, s->why);
  if (result == SESSION_FAILED) send_client_quit(s->c);
  if (result != SESSION_READY) send_client_close(s->c);
  return result;
}

static bool try_address(struct search *s, const char *host, const char *address)
{
  enum session_result result = try_once(s, host, address, true);

  s->tried++;
  if (result == SESSION_CLEAR) {
    note(s);
    result = try_once(s, host, address, false);
  }
  if (result == SESSION_LOOP) s->is_loop = true;
  if (result == SESSION_FAILED) note(s);
  return result == SESSION_READY;
}

static bool is_done(const struct search *s) { return s->is_loop || s->tried >= ADDRESSES_MAX; }

static bool is_address(const char *name)
{
  struct in6_addr address;

  return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

/* The addresses of a host: those of IPv4 first, because many hosts have an IPv6 address without a name in the reverse zone,
   and large receivers refuse these for good. */
static bool try_host(struct search *s, const char *host)
{
  static const enum dns_kind kinds[] = { DNS_A, DNS_AAAA };
  struct dns_list list;

  if (is_address(host)) return try_address(s, host, host);
  for (int k = 0; k < 2 && !is_done(s); k++) {
    enum dns_result found = s->hop->is_mx ? dns_find(host, kinds[k], &list) : dns_find_host(host, kinds[k], &list);
    if (found == DNS_LATER) {
      send_outcome_say(s->why, OUTCOME_LATER, "4.4.3", "the address of ", host,
                       " cannot be found now: no answer from DNS", (char *)0);
      s->was_later = true;
    }
    for (unsigned int i = 0; found == DNS_FOUND && i < list.count && !is_done(s); i++)
      if (try_address(s, host, list.records[i].address)) return true;
    if (found == DNS_ABSENT && s->hop->is_mx) break;
  }
  return false;
}

/* Mail for a domain whose best host is this one would come back to us for ever (RFC 5321 5.1). */
static void say_loop(struct search *s)
{
  send_outcome_say(s->why, OUTCOME_NEVER, "5.4.6", "mail for ", s->hop->name.s,
                   " loops back to this host: its MX is this host, but control/domains does not have the domain",
                   (char *)0);
}

static bool is_own_name(const struct search *s, const char *host)
{
  return s->hop->helo.len == strlen(host) && bytes_are_nocase(s->hop->helo.s, host, s->hop->helo.len);
}

/* The hosts up to our own name: it and what has no better preference is never tried. */
static unsigned int usable(struct search *s, const struct dns_list *list)
{
  for (unsigned int i = 0; i < list->count; i++)
    if (is_own_name(s, list->records[i].name)) {
      unsigned int first = i;
      while (first && list->records[first - 1].preference == list->records[i].preference) first--;
      s->is_loop = !first;
      return first;
    }
  return list->count;
}

static bool reach_mx(struct search *s)
{
  const char *domain = s->hop->name.s;
  struct dns_list list;
  unsigned int count;

  switch (dns_find(domain, DNS_MX, &list)) {
  case DNS_LATER:
    send_outcome_say(s->why, OUTCOME_LATER, "4.4.3", "the MX of ", domain, " cannot be found now: no answer from DNS",
                     (char *)0);
    return false;
  case DNS_ABSENT:
    send_outcome_say(s->why, OUTCOME_NEVER, "5.1.2", "there is no domain ", domain, (char *)0);
    return false;
  case DNS_NOTHING: /* the implicit MX */
    list.count = 1;
    list.records[0] = (struct dns_record){ .kind = DNS_MX };
    memcpy(list.records[0].name, domain, s->hop->name.len); /* dns_find found it short enough */
    break;
  case DNS_FOUND: break;
  }
  if (list.is_null_mx) {
    send_outcome_say(s->why, OUTCOME_NEVER, "5.1.10", "the domain ", domain, " takes no mail: it has a null MX",
                     (char *)0);
    s->why->code = 556; /* RFC 7505 4.1 */
    return false;
  }
  send_outcome_say(s->why, OUTCOME_NEVER, "5.4.4", "no host that takes mail for ", domain, " has an address",
                   (char *)0);
  count = usable(s, &list);
  for (unsigned int i = 0; i < count && !is_done(s); i++)
    if (try_host(s, list.records[i].name)) return true;
  return false;
}

/* A relay whose name leads nowhere is a mistake of ours, for which nobody's mail is returned. */
static bool reach_host(struct search *s)
{
  send_outcome_say(s->why, OUTCOME_LATER, "4.4.4", "the relay ", s->hop->name.s, " has no address: ", send_rule_name(s->hop), (char *)0);
  return try_host(s, s->hop->name.s);
}

bool send_hop_reach(struct hop *hop, struct client *c, struct outcome *why)
{
  struct search s = { .hop = hop, .c = c, .why = why };
  bool is_reached;

  s.connect_seconds = (unsigned int)conf_number("timeoutconnect", CONNECT_SECONDS, SECONDS_MAX);
  send_client_init(c);
  text_clear(&c->remote);
  text_clear(&c->tls);
  if (!hop->is_mx) {
    is_reached = send_rule_read(hop, why) && reach_host(&s);
    text_wipe(&hop->facts);
    return is_reached;
  }
  if (is_address(hop->name.s) ? try_host(&s, hop->name.s) : reach_mx(&s)) return true;
  if (s.is_loop && !s.was_later) say_loop(&s);
  return false;
}
