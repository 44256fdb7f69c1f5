#include "send/dial.h"

#include <arpa/inet.h>

#include "lib/dns.h"
#include "lib/log.h"
#include "send/rule.h"
#include "send/session.h"

enum { ADDRESSES_MAX = 10 };

static void note(struct dial *d)
{
  text remote = TEXT_ZERO, words = TEXT_ZERO;

  d->was_later = true;
  text_add_text(&remote, &d->c->remote);
  text_add_text(&words, &d->why->words);
  log_event("unreached", "hop", d->hop->name.s, "remote", text_string(&remote), "status", d->why->status, "reason",
            text_string(&words), (char *)0);
  text_free(&remote);
  text_free(&words);
}

static enum session_result try_once(struct dial *d, const char *host, const char *address, bool allow_tls)
{
  enum session_result result;
  const char *source = "";

  if (!send_rule_source(d->hop, address, &source)) {
    send_outcome_say(d->why, OUTCOME_LATER, "4.4.1", host, "[", address, "] cannot be reached: no source address like it in ",
                     send_rule_name(d->hop), (char *)0);
    return SESSION_FAILED;
  }
  if (!send_client_connect(d->c, host, address, d->hop->port, source, d->connect_seconds)) {
    text remote = TEXT_ZERO;
    text_add_text(&remote, &d->c->remote);
    send_outcome_say(d->why, OUTCOME_LATER, "4.4.1", text_string(&remote), ": ", d->c->trouble, (char *)0);
    text_free(&remote);
    return SESSION_FAILED;
  }
  result = d->hop->is_mx && send_client_is_own(d->c) ? SESSION_LOOP
                                                     : send_session_open(d->c, d->hop, host, allow_tls, d->why);
  if (result == SESSION_FAILED) send_client_quit(d->c);
  if (result != SESSION_READY) send_client_close(d->c);
  return result;
}

static bool try_address(struct dial *d, const char *host, const char *address)
{
  enum session_result result = try_once(d, host, address, true);

  d->tried++;
  if (result == SESSION_CLEAR) {
    note(d);
    result = try_once(d, host, address, false);
  }
  if (result == SESSION_LOOP) d->is_loop = true;
  if (result == SESSION_FAILED) note(d);
  return result == SESSION_READY;
}

bool send_dial_is_done(const struct dial *d) { return d->is_loop || d->tried >= ADDRESSES_MAX; }

bool send_dial_is_address(const char *name)
{
  struct in6_addr address;

  return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

/* The addresses of a host: those of IPv4 first, because many hosts have an IPv6 address without a name in the reverse zone,
   and large receivers refuse these for good. */
bool send_dial_host(struct dial *d, const char *host)
{
  static const enum dns_kind kinds[] = { DNS_A, DNS_AAAA };
  struct dns_list list;

  if (send_dial_is_address(host)) return try_address(d, host, host);
  for (int k = 0; k < 2 && !send_dial_is_done(d); k++) {
    enum dns_result found = d->hop->is_mx ? dns_find(host, kinds[k], &list) : dns_find_host(host, kinds[k], &list);
    if (found == DNS_LATER) {
      send_outcome_say(d->why, OUTCOME_LATER, "4.4.3", "the address of ", host,
                       " cannot be found now: no answer from DNS", (char *)0);
      d->was_later = true;
    }
    for (unsigned int i = 0; found == DNS_FOUND && i < list.count && !send_dial_is_done(d); i++)
      if (try_address(d, host, list.records[i].address)) return true;
    if (found == DNS_ABSENT && d->hop->is_mx) break;
  }
  return false;
}
