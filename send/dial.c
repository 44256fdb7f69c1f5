#include "send/dial.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/log.h"
#include "send/addresses.h"
#include "send/race.h"
#include "send/rule.h"
#include "send/session.h"
#include "send/tlsreport.h"

enum { DNS_SECONDS = 10 };

bool send_dial_is_done(const struct dial *d) { return d->is_loop || d->tried >= RACE_MAX; }

bool send_dial_is_address(const char *name)
{
  struct in6_addr address;

  return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

/* What is told in the end is what came nearest to a session: what a host said, rather than that another is not there. */
static void take(struct dial *d, enum dial_rank rank, const struct outcome *fault)
{
  d->was_later = true;
  if (rank < d->rank) return;
  d->rank = rank;
  d->was_late = d->c->was_late;
  send_outcome_copy(d->why, fault);
  text_clear(&d->remote);
  text_add_text(&d->remote, &d->c->remote);
}

static void log_fault(const struct dial *d, const struct outcome *fault)
{
  text remote = TEXT_ZERO, words = TEXT_ZERO;

  text_add_text(&remote, &d->c->remote);
  text_add_text(&words, &fault->words);
  log_event("unreached", "hop", d->hop->name.s, "remote", text_string(&remote), "status", fault->status, "reason",
            text_string(&words), (char *)0);
  text_free(&remote);
  text_free(&words);
}

static void note(struct dial *d, enum dial_rank rank, const struct outcome *fault)
{
  log_fault(d, fault);
  take(d, rank, fault);
}

static void note_miss(struct dial *d, const char *host, const struct runner *one)
{
  struct outcome fault = OUTCOME_ZERO;
  text remote = TEXT_ZERO;

  send_client_aim(d->c, host, one->address, d->hop->port);
  send_client_miss(d->c, one->trouble, one->is_late);
  text_add_text(&remote, &d->c->remote);
  send_outcome_say(&fault, OUTCOME_LATER, "4.4.1", text_string(&remote), ": ", one->trouble, (char *)0);
  note(d, one->has_no_way ? DIAL_NO_WAY : DIAL_MISSED, &fault);
  text_free(&remote);
  send_outcome_free(&fault);
}

static enum session_result open_session(struct dial *d, const char *host, const struct runner *one, int fd, bool allow_tls)
{
  struct outcome fault = OUTCOME_ZERO;
  enum session_result result;

  send_client_aim(d->c, host, one->address, d->hop->port);
  send_client_take(d->c, fd);
  result = d->hop->is_mx && send_client_is_own(d->c) ? SESSION_LOOP : send_session_open(d->c, &d->plan, allow_tls, &fault);
  if (result == SESSION_READY && d->hop->requires_tls && !send_session_suits_requiretls(d->c)) {
    d->lacks_requiretls = true;
    result = SESSION_UNFIT;
    send_outcome_say(&fault, OUTCOME_NEVER, "5.7.30", "a message that requires TLS may not go there (REQUIRETLS)", (char *)0);
    log_fault(d, &fault);
  }
  if (result == SESSION_FAILED || result == SESSION_UNFIT) send_client_quit(d->c);
  if (result != SESSION_READY) send_client_close(d->c);
  if (result == SESSION_FAILED || result == SESSION_CLEAR) note(d, DIAL_SPOKE, &fault);
  send_outcome_free(&fault);
  return result;
}

/* The same address again, without TLS. */
static enum session_result open_clear(struct dial *d, const char *host, const struct runner *one)
{
  struct race race = RACE_ZERO;
  struct runner *winner;

  race.port = d->hop->port;
  send_race_add(&race, one->address, one->source);
  int fd = send_race_run(&race, send_client_left(d->c, d->connect_seconds), &winner);
  if (fd != -1) return open_session(d, host, one, fd, false);
  note_miss(d, host, &race.runners[0]);
  return SESSION_FAILED;
}

static void tell_misses(struct dial *d, const char *host, struct race *race)
{
  for (unsigned int i = 0; i < race->count; i++) {
    struct runner *one = &race->runners[i];
    if (!one->trouble) continue;
    note_miss(d, host, one);
    d->tried++;
    one->trouble = 0;
  }
}

static bool run(struct dial *d, const char *host, struct race *race)
{
  struct runner *winner;

  for (;;) {
    int fd = send_race_run(race, send_client_left(d->c, d->connect_seconds), &winner);
    tell_misses(d, host, race);
    if (fd == -1) return false;
    d->tried++;
    enum session_result result = open_session(d, host, winner, fd, true);
    if (result == SESSION_CLEAR) result = open_clear(d, host, winner);
    if (result == SESSION_READY) return true;
    if (result == SESSION_LOOP) {
      d->is_loop = true;
      return false;
    }
  }
}

static void add(struct dial *d, const char *host, const char *address, struct race *race)
{
  struct outcome fault = OUTCOME_ZERO;
  const char *source = "";

  if (send_rule_source(d->hop, address, &source)) {
    send_race_add(race, address, source);
    return;
  }
  send_client_aim(d->c, host, address, d->hop->port);
  send_outcome_say(&fault, OUTCOME_LATER, "4.4.1", host, "[", address, "] cannot be reached: no source address like it in ",
                   send_rule_name(d->hop), (char *)0);
  note(d, DIAL_NO_WAY, &fault);
  d->tried++;
  send_outcome_free(&fault);
}

/* Is the host to be tried, and by which TLS? addresses: an answer that has some; 0: it is one itself. */
static bool plan(struct dial *d, const char *host, const struct dns_list *addresses)
{
  const struct tls_decision *decision = &d->plan.decision;
  struct outcome fault = OUTCOME_ZERO;

  if (send_tlsplan_make(&d->plan, &d->tls, host, addresses)) return true;
  send_client_aim(d->c, host, "", d->hop->port);
  text_copy(&d->c->remote, host);
  d->c->policy = decision->policy;
  send_outcome_say(&fault, OUTCOME_LATER, "4.7.5", host, " is not used: ", decision->refusal, (char *)0);
  note(d, DIAL_SPOKE, &fault);
  d->tried++; /* look-ups take time, too */
  send_tlsreport_tell(&d->plan, 0, decision->failure, decision->refusal);
  send_outcome_free(&fault);
  return false;
}

/* One of the two answers about addresses: both are signed, or that which is not. */
static const struct dns_list *find_answer(const struct addresses *found)
{
  const struct dns_question *v4 = &found->families[0], *v6 = &found->families[1];

  return v4->result != DNS_FOUND || (v6->result == DNS_FOUND && !v6->list.is_secure) ? &v6->list : &v4->list;
}

static void add_addresses(struct dial *d, const char *host, struct race *race)
{
  static struct addresses found;
  struct outcome fault = OUTCOME_ZERO;
  enum addresses_order order = send_addresses_order();

  send_addresses_find(&found, host, !d->hop->is_mx, order, send_client_left(d->c, DNS_SECONDS));
  send_addresses_sort(&found, order, RACE_MAX - d->tried);
  if (found.is_unknown) {
    send_outcome_say(&fault, OUTCOME_LATER, "4.4.3", "the address of ", host, " cannot be found now: no answer from DNS", (char *)0);
    take(d, DIAL_NO_WAY, &fault);
    send_outcome_free(&fault);
  }
  if (!found.count || !plan(d, host, find_answer(&found))) return;
  for (unsigned int i = 0; i < found.count; i++) add(d, host, found.all[i], race);
}

bool send_dial_host(struct dial *d, const char *host)
{
  struct race race = RACE_ZERO;

  race.port = d->hop->port;
  if (!send_dial_is_address(host))
    add_addresses(d, host, &race);
  else if (plan(d, host, 0))
    add(d, host, host, &race);
  return run(d, host, &race);
}

void send_dial_end(struct dial *d)
{
  if (d->rank != DIAL_NOTHING) {
    text_clear(&d->c->remote);
    text_add_text(&d->c->remote, &d->remote);
    d->c->was_late = d->was_late;
  }
  text_free(&d->remote);
}
