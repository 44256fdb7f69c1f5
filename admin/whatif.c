/* whatif: says what would happen to a message, step by step, and which rule and file decide, by asking the same
   functions as smtp-receive and send-schedule (lib/policy).

   Reads control/, tables/ and state/full; answers on fd 1 in lines for people. Runs as anyone; writes nothing, sends nothing. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/buffer.h>

#include "admin/question.h"
#include "admin/story.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/dns.h"
#include "lib/expect.h"
#include "lib/home.h"
#include "lib/policy_case.h"
#include "lib/policy_host.h"
#include "lib/policy_submitter.h"
#include "lib/srs_ask.h"

#define USAGE \
  "whatif FROM TO [ --ip IP ] [ --port PORT ] [ --login USER ] [ --helo NAME ] [ --reverse NAME|none ] " \
  "[ --listed \"ZONE ADDRESS\" ] [ --fingerprint HEX ] [ --tls ] [ --tls-optional ] [ --from ADDRESS ] [ --at GENERATION ] [ --json ]     FROM \"\" is the null sender; " \
  "whatif --expect [ --at GENERATION ] [ --json ]: does control/expect hold?"

const char *PROG = "whatif";

static void tables_unreadable(const struct tables *tables) { die_unable("read policy.cdb of ", tables->generation.s); }

/* False: nobody would log in so. */
static bool find_login(struct tables *tables, const char *login, struct policy_facts *facts, struct policy_case *is)
{
  enum lookup_result result = policy_case_login(is, tables, login, facts);

  if (result == LOOKUP_BROKEN) tables_unreadable(tables);
  if (result == LOOKUP_FOUND)
    story_fact("login", facts->login, "login", is->login_mailbox.len ? is->login_mailbox.s : is->login_backend.s);
  else
    story_line("login", "535 5.7.8 Error: authentication failed: there is no such login");
  return result == LOOKUP_FOUND;
}

/* What decides about TLS of an MX, and whether DANE can be had here. */
static void say_tls(const text *hop)
{
  const char *tls = record_get(hop, "tls");
  bool is_auto = record_is(hop, "route", "mx") && (!*tls || !strcmp(tls, "auto"));

  if (is_auto) story_line("tls", "auto: DANE if its MX have signed TLSA records, else MTA-STS if it has a policy, else if it is offered");
  if ((is_auto || !strcmp(tls, "dane")) && !dns_is_trusted())
    story_line("dane", "no: the nameservers of /etc/resolv.conf are not all on this host, or control/trustresolver is no");
}

static void say_hop(const struct policy_route *route)
{
  text line = TEXT_ZERO;
  size_t at = 0, key_length;

  for (const char *pair; (pair = record_walk(&route->hop, &at, &key_length));) {
    if (line.len) text_add_char(&line, ' ');
    text_add(&line, pair);
  }
  story_fact("route", text_string(&line), route->rule, route->from.s);
  text_free(&line);
  say_tls(&route->hop);
}

/* As whom we log in at the next host: the file is for administrators, so it may be that we cannot say. */
static void say_credentials(const struct policy_route *route)
{
  static const char *const known[] = { "type", "subject", "host", "port", "protocol", "tls", "login", "password", "tokenfile", "tokencommand", "fingerprint", "source", "certificate", "enabled", 0 };
  text fields = TEXT_ZERO, error = TEXT_ZERO;

  if (!*record_get(&route->hop, "rule")) return;
  if (conf_fields(route->from.s, known, &fields, &error))
    story_line("log in as", *record_get(&fields, "login")                ? record_get(&fields, "login")
                            : record_is(&fields, "certificate", "yes") ? "whose certificate is tlsout/client.pem"
                                                                       : "nobody");
  else if (!error.len)
    story_line("log in as", "(only root may read the rule)");
  text_free(&fields);
  text_free(&error);
}

static void say_mailbox(struct tables *tables, const struct policy_route *route)
{
  text record = TEXT_ZERO, line = TEXT_ZERO;

  if (tables_find(tables, "mailbox", route->mailbox.s, &record) == LOOKUP_BROKEN) tables_unreadable(tables);
  text_add_format(&line, "mailbox %s: mail/%s, uid %s", route->mailbox.s, record_get(&record, "path"), record_get(&record, "uid"));
  story_fact("route", text_string(&line), route->rule, route->from.s);
  text_free(&record);
  text_free(&line);
}

/* Who forwards it elsewhere, and at which domain the sender then is. */
static void say_via(struct tables *tables, const struct policy_facts *facts, const struct policy_destination *one)
{
  text line = TEXT_ZERO, domain = TEXT_ZERO, own = TEXT_ZERO;

  if (!*one->via) return;
  text_add_format(&line, "%s forwards it", one->via);
  if (conf_is_yes("srs", true) && policy_needs_srs(tables, facts->sender, one, &domain)) {
    if (conf_value("srsdomain", &own, "")) text_copy_bytes(&domain, own.s, own.len);
    text_add_format(&line, ": the sender is rewritten (SRS) at %s", text_string(&domain));
  }
  story_line("via", text_string(&line));
  text_free(&line);
  text_free(&domain);
  text_free(&own);
}

static void say_bypass(const char *bypass)
{
  if (*bypass) story_line("bypass", !strcmp(bypass, "av") ? "the spam filter and the virus filter" : "the spam filter");
}

static void say_about(const struct policy_destination *one)
{
  if (*one->detail) story_line("folder", one->detail);
  say_bypass(one->bypass);
}

static void say_destination(struct tables *tables, const struct policy_facts *facts, const struct policy_destination *one)
{
  struct policy_stop stop = { .address = one->address, .mailbox = one->mailbox, .is_copy = one->is_copy };
  struct policy_route route = POLICY_ROUTE_ZERO;
  text line = TEXT_ZERO;

  policy_route(tables, facts, &stop, &route);
  story_line(one->is_copy ? "copy" : "destination", one->address);
  say_about(one);
  say_via(tables, facts, one);
  switch (route.kind) {
  case POLICY_ROUTE_MAILBOX: say_mailbox(tables, &route); break;
  case POLICY_ROUTE_HOP:
    say_hop(&route);
    say_credentials(&route);
    break;
  default:
    text_add_format(&line, "%s %s", route.status, route.text.s);
    story_fact("route", text_string(&line), route.rule, route.from.s);
  }
  policy_route_free(&route);
  text_free(&line);
}

/* Everybody that it goes to, and the copies that it is given when it is queued. */
static void say_destinations(struct tables *tables, const struct policy_facts *facts, struct policy_destinations *all)
{
  struct policy_facts quiet = *facts;
  struct policy_destination one;
  text skipped = TEXT_ZERO;
  size_t at = 0;

  quiet.trace = 0;
  policy_copies(tables, &quiet, all, &skipped);
  while (policy_destinations_next(all, &at, &one)) say_destination(tables, &quiet, &one);
  for (at = 0; at < skipped.len; at += strlen(skipped.s + at) + 1) {
    text line = TEXT_ZERO;
    text_add_format(&line, "%s leads nowhere: no copy is made", skipped.s + at);
    story_line("copy", text_string(&line));
    text_free(&line);
  }
  text_free(&skipped);
}

static void verify(void *to, const struct address *recipient, struct policy_decision *d)
{
  (void)to, (void)recipient;
  story_fact("verify", "the host that its domain is relayed to is asked whether it takes this recipient", d->rule, d->from.s);
}

static const struct policy_ask ask = { .is_full = policy_is_full, .verify = verify };
static const struct policy_trace trace = { .step = story_branch };

/* Who the client is to us: what is left out is a stranger. */
static bool say_client(struct tables *tables, const struct question *q, struct policy_facts *facts, struct policy_standing *standing)
{
  struct policy_decision d = POLICY_DECISION_ZERO;
  text line = TEXT_ZERO;

  if (!policy_know_client(tables, facts, standing)) tables_unreadable(tables);
  if (standing->is_trusted) story_fact("trusted", q->ip, "mynetworks", "control/mynetworks");
  if (standing->backend.len) {
    text_add_format(&line, "control/backends/%s", standing->backend.s);
    story_fact("backend", standing->backend.s, "backend", text_string(&line));
  }
  policy_client(facts, &d);
  bool may_begin = story_decision("client", &d);
  policy_decision_free(&d);
  text_free(&line);
  return may_begin;
}

/* What the DNS would say of a client of port 25 is in the question. True if that lets it in. */
static bool check_host(struct tables *tables, const struct question *q, const struct policy_facts *facts, const char *bypass,
                       const struct address *recipient, struct policy_decision *d)
{
  text answer = TEXT_ZERO, warnings = TEXT_ZERO;
  struct policy_host host = { .ip = q->ip, .helo = q->helo, .answer = &answer };

  if (facts->role != POLICY_MX || policy_host_is_spared(tables, facts, bypass, recipient)) return true;
  if (q->reverse) record_add(&answer, "reverse", strcmp(q->reverse, "none") ? q->reverse : "");
  if (q->listed) record_add(&answer, "listed", q->listed);
  if (!*q->helo) host.helo = "a.name.example"; /* nothing was said about it */
  policy_host(&host, d, &warnings);
  if (warnings.len) {
    warnings.len -= 2; /* CRLF */
    story_line("header", text_string(&warnings));
  }
  text_free(&answer);
  text_free(&warnings);
  return policy_is_accepted(d);
}

/* The From field is looked at when the message has come, and is of who has logged in. */
static bool check_from(struct tables *tables, const struct question *q, struct policy_facts *facts)
{
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct address from = ADDRESS_ZERO;
  bool is_null, good = true;

  if (!q->header_from || !facts->login) return true;
  if (!policy_case_address(&from, q->header_from, &is_null) || is_null) die_permanent("--from is not an address: ", q->header_from);
  policy_from(tables, facts, &from, &d);
  good = story_decision("from", &d);
  address_free(&from);
  policy_decision_free(&d);
  return good;
}

/* What he has in the queue already is held, too: the kill switch of send-schedule. */
static void say_queued(struct tables *tables, const struct policy_facts *facts)
{
  text key = TEXT_ZERO, mail = TEXT_ZERO, line = TEXT_ZERO;
  const char *reason;

  if (!facts->login) return;
  record_add(&mail, "login", facts->login);
  if (facts->mailbox) record_add(&mail, "owner", facts->mailbox);
  if (policy_submitter_may(tables, policy_submitter(&mail, &key), &reason) == POLICY_NO_RIGHT) {
    text_add_format(&line, "%s: what %s has in the queue is held until it is released: qctl release --login %s", reason, facts->login, facts->login);
    story_line("queued mail", text_string(&line));
  }
  text_free(&key);
  text_free(&mail);
  text_free(&line);
}

/* True if the message would be accepted. */
static bool tell(struct tables *tables, const struct question *q, struct policy_facts *facts, struct policy_standing *standing)
{
  struct address sender = ADDRESS_ZERO, recipient = ADDRESS_ZERO;
  struct policy_decision d = POLICY_DECISION_ZERO;
  struct policy_destinations all = POLICY_DESTINATIONS_ZERO;
  bool is_null;

  if (!say_client(tables, q, facts, standing)) return false;
  if (!policy_case_address(&sender, q->from, &is_null) || (!is_null && !*sender.domain)) {
    story_line("sender", "553 5.1.7 The sender is not an address");
    return false;
  }
  facts->sender = is_null ? 0 : &sender;
  policy_sender(tables, facts, facts->sender, &d);
  if (!story_decision("sender", &d)) {
    say_queued(tables, facts);
    return false;
  }
  const char *bypass = policy_bypass(tables, facts, facts->sender);
  say_bypass(bypass);
  if (!policy_case_address(&recipient, q->to, &is_null) || is_null) {
    story_line("recipient", "553 5.1.3 The recipient is not an address");
    return false;
  }
  if (!check_host(tables, q, facts, bypass, &recipient, &d)) {
    story_decision("recipient", &d);
    return false;
  }
  if (!srs_return(tables, facts, &recipient, &all, &d)) policy_recipient(tables, facts, &recipient, &all, &d);
  if (!story_decision("recipient", &d) || !check_from(tables, q, facts)) return false;
  say_destinations(tables, facts, &all);
  return true;
}

static void say_session(const struct question *q, const struct tables *tables)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "port %s (%s%s)%s%s", q->port->number, q->port->role, q->is_tls && !q->port->is_private ? ", encrypted" : "", *q->ip ? ", from " : "", q->ip);
  if (*q->helo) text_add_format(&line, ", calls itself %s", q->helo);
  if (*q->fingerprint) text_add_format(&line, ", certificate %s", q->fingerprint);
  story_line("session", text_string(&line));
  story_line("tables", tables->generation.s);
  text_free(&line);
}

static struct policy_facts read_facts(const struct question *q, struct policy_case *is)
{
  struct policy_facts facts = { .is_tls = q->is_tls, .is_tls_optional = q->is_tls_optional, .ip = q->ip, .helo = q->helo, .fingerprint = q->fingerprint, .ask = &ask, .trace = &trace };

  policy_case_control(is, q->port, &facts);
  return facts;
}

static void say_expectation(void *to, const char *line, bool holds, const char *answer)
{
  text value = TEXT_ZERO;

  (void)to;
  text_add(&value, line);
  if (!holds) text_add_format(&value, ": but it is %s", answer);
  story_line(holds ? "holds" : "broken", text_string(&value));
  text_free(&value);
}

/* True if all of control/expect holds in these tables. */
static bool tell_expected(struct tables *tables)
{
  text line = TEXT_ZERO;

  story_line("tables", tables->generation.s);
  struct expect_count count = expect_ask(tables, say_expectation, 0);
  text_add_format(&line, "%zu of %zu lines of control/expect hold", count.lines - count.broken, count.lines);
  story_line("result", text_string(&line));
  text_free(&line);
  return !count.broken;
}

static bool tell_message(struct tables *tables, const struct question *q)
{
  struct policy_case is = POLICY_CASE_ZERO;
  struct policy_facts facts = read_facts(q, &is);

  say_session(q, tables);
  bool is_accepted = (!q->login || find_login(tables, q->login, &facts, &is)) && tell(tables, q, &facts, &is.standing);
  story_line("result", is_accepted ? "accepted" : "refused");
  policy_case_free(&is);
  return is_accepted;
}

int main(int argc, const char *const *argv)
{
  struct tables tables = TABLES_ZERO;
  struct question q;

  (void)argc;
  question_read(&q, argv + 1, USAGE);
  story_is_json = q.is_json;
  home_enter();
  if (!(q.at ? tables_open_at(&tables, q.at, "policy") : tables_open(&tables, "policy")))
    die_unable("open tables/", q.at ? q.at : "current", "/policy.cdb (made by tables-build)");
  bool is_good = q.is_expect ? tell_expected(&tables) : tell_message(&tables, &q);
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  return is_good ? END_DONE : END_NO;
}
