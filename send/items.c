#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/policy.h"
#include "lib/srs_ask.h"
#include "send/items.h"

enum { SRS_AWAY_MS = 30 * 1000 }; /* so long srs-server is not waited for again */

static struct send_item *add(struct send_attempt *a, size_t recipient, const char *address)
{
  if (!(a->count & (a->count - 1))) { /* 0, 1, 2, 4, 8...: room for twice as many */
    a->items = realloc(a->items, (a->count ? a->count * 2 : 1) * sizeof *a->items);
    if (!a->items) die_nomem();
  }
  struct send_item *i = &a->items[a->count++];
  *i = (struct send_item){ .recipient = recipient, .outcome = SEND_RESULT_ZERO, .remote = TEXT_ZERO };
  i->address = string_duplicate(address);
  i->state = SEND_ITEM_OVER;
  return i;
}

static void end(struct send_item *i, enum said_verdict verdict, const char *status, const char *words)
{
  if (i->lane) i->lane->users--;
  i->lane = 0;
  i->state = SEND_ITEM_OVER;
  send_result_set(&i->outcome, verdict, status, words);
}

void send_item_end(struct send_attempt *a, struct send_item *i, enum said_verdict verdict, const char *status, const char *words)
{
  if (i->state == SEND_ITEM_WAITS) a->waiting--;
  if (i->state == SEND_ITEM_RUNS) a->running--;
  end(i, verdict, status, words);
}

void send_item_take(struct send_item *i, const text *answer)
{
  text_copy(&i->remote, record_get(answer, "remote"));
  text_copy(&i->policy, record_get(answer, "policy"));
  if (i->policy.len && record_find(answer, "verified")) text_add(&i->policy, record_is(answer, "verified", "yes") ? " verified" : " verified-host");
  text_string(&i->remote);
  text_string(&i->policy);
  i->is_passed_on = record_is(answer, "dsn", "yes");
}

static void wait_for(struct send_attempt *a, struct send_item *i, struct send_lane *lane)
{
  i->lane = lane;
  i->hop_name = string_duplicate(lane->name.s);
  lane->users++;
  i->state = SEND_ITEM_WAITS;
  a->waiting++;
}

/* What routes depend on besides the tables, read for one attempt. */
struct routing {
  struct policy_facts facts;
  struct address sender;
  text me, postmaster, order;
};

static void routing_read(struct routing *r, const struct send_attempt *a)
{
  const text *sender = &a->file.envelope.sender;

  policy_postmaster(&r->postmaster);
  policy_relay_order(&r->order);
  conf_me(&r->me);
  r->facts.delimiter = policy_delimiter();
  r->facts.is_tls_optional = record_is(&a->file.envelope.facts, "tlsoptional", "yes");
  r->facts.is_tls_report = record_is(&a->file.envelope.facts, "role", "tls-report");
  if (sender->len && address_parse(&r->sender, sender->s, sender->len) == ADDRESS_FULL) r->facts.sender = &r->sender;
  r->facts.relay_order = r->order.s;
  r->facts.postmaster = text_string(&r->postmaster);
  r->facts.me = text_string(&r->me);
}

static void routing_free(struct routing *r)
{
  address_free(&r->sender);
  text_free(&r->me);
  text_free(&r->postmaster);
  text_free(&r->order);
}

static void route(struct send_schedule *s, struct send_attempt *a, const struct policy_facts *facts, size_t recipient,
                  const struct policy_stop *stop, bool may_expand);

static void name_had(text *value, size_t recipient, const char *address)
{
  text_clear(value);
  text_add_number(value, recipient);
  text_add_format(value, " %s", address);
  text_string(value);
}

void send_items_remember(const struct send_attempt *a)
{
  static text value = TEXT_ZERO;
  struct send_entry *e = a->entry;

  for (size_t i = 0; a->has_several && i < a->count; i++) {
    const struct send_item *item = &a->items[i];
    if (item->state != SEND_ITEM_OVER || item->is_untried || item->outcome.verdict != SAID_DONE) continue;
    if (!e->had && !(e->had = calloc(1, sizeof *e->had))) die_nomem();
    name_had(&value, item->recipient, item->address);
    record_add(e->had, "had", value.s);
  }
}

/* True: it has it since an earlier attempt. */
static bool take_had(struct send_attempt *a, size_t recipient, const char *address)
{
  static text value = TEXT_ZERO;
  struct send_item *item;

  if (!a->entry->had) return false;
  name_had(&value, recipient, address);
  if (!record_has(a->entry->had, "had", value.s)) return false;
  item = add(a, recipient, address);
  end(item, SAID_DONE, "2.0.0", "delivered");
  item->is_untried = true;
  a->idle++;
  return true;
}

/* One that an expanded address leads to. If it is a forward to elsewhere the sender is rewritten, as smtp-receive would have. */
static void route_one(struct send_schedule *s, struct send_attempt *a, const struct policy_facts *facts, size_t recipient,
                      struct srs_ask *forward, const struct policy_destination *one)
{
  struct policy_stop stop = { .address = one->address, .mailbox = one->mailbox };
  size_t at = a->count;

  if (take_had(a, recipient, one->address)) return;
  forward->is_away = s->now_ms < s->srs_away_until_ms;
  if (!srs_ask_forward(forward, &s->tables, facts->sender, one)) {
    if (s->now_ms >= s->srs_away_until_ms) s->srs_away_until_ms = s->now_ms + SRS_AWAY_MS;
    end(add(a, recipient, one->address), SAID_LATER, "4.3.0", "the sender cannot be rewritten now: srs-server is out of reach");
    return;
  }
  route(s, a, facts, recipient, &stop, false);
  if (a->count == at) return;
  a->items[at].detail = string_duplicate(one->detail);
  if (forward->address.len) a->items[at].sender = string_duplicate(forward->address.s);
}

/* An address that became one of ours while the message was here: all that it leads to now. */
static void expand(struct send_schedule *s, struct send_attempt *a, const struct policy_facts *facts, size_t recipient,
                   const char *address)
{
  struct policy_destinations all = POLICY_DESTINATIONS_ZERO;
  struct policy_destination one;
  struct policy_decision decision = POLICY_DECISION_ZERO;
  struct address parsed = ADDRESS_ZERO;
  struct srs_ask forward = SRS_ASK_ZERO;
  size_t at = 0, before = a->count;

  forward.is_hasty = true;
  if (address_parse(&parsed, address, strlen(address)) != ADDRESS_FULL)
    end(add(a, recipient, address), SAID_NEVER, "5.1.3", "not an address");
  else {
    policy_expand(&s->tables, facts, &parsed, &all, &decision);
    if (!policy_is_accepted(&decision))
      end(add(a, recipient, address), decision.code / 100 == 5 ? SAID_NEVER : SAID_LATER, decision.status,
          text_string(&decision.text));
    else
      while (policy_destinations_next(&all, &at, &one)) route_one(s, a, facts, recipient, &forward, &one);
  }
  if (a->count == before) end(add(a, recipient, address), SAID_NEVER, "5.1.1", "the address leads nowhere");
  a->has_several = a->has_several || a->count - before > 1;
  srs_ask_free(&forward);
  policy_destinations_free(&all);
  policy_decision_free(&decision);
  address_free(&parsed);
}

static void route(struct send_schedule *s, struct send_attempt *a, const struct policy_facts *facts, size_t recipient,
                  const struct policy_stop *stop, bool may_expand)
{
  static struct policy_route found = POLICY_ROUTE_ZERO;

  policy_route(&s->tables, facts, stop, &found);
  if (found.kind == POLICY_ROUTE_SEVERAL && may_expand) {
    expand(s, a, facts, recipient, stop->address);
    return;
  }
  struct send_item *i = add(a, recipient, stop->address);
  switch (found.kind) {
  case POLICY_ROUTE_MAILBOX:
    i->mailbox = string_duplicate(found.mailbox.s);
    wait_for(a, i, &s->lanes.local);
    break;
  case POLICY_ROUTE_HOP: wait_for(a, i, send_lane_find(&s->lanes, &found.hop)); break;
  case POLICY_ROUTE_NOWHERE: end(i, SAID_NEVER, found.status, text_string(&found.text)); break;
  case POLICY_ROUTE_LATER: end(i, SAID_LATER, found.status, text_string(&found.text)); break;
  case POLICY_ROUTE_SEVERAL: end(i, SAID_NEVER, "5.4.6", "the address leads back to itself"); break;
  }
}

/* The settings are read for recipients whose way they decide: not for those that smtp-receive has found a mailbox for. */
void send_items_make(struct send_schedule *s, struct send_attempt *a)
{
  const struct envelope *e = &a->file.envelope;
  bool has_tables = tables_open(&s->tables, "policy"), has_settings = false;
  struct routing routing = { .facts = { .role = POLICY_SUBMISSION, .me = "", .postmaster = "" }, .sender = ADDRESS_ZERO };

  for (size_t r = 0; r < e->count; r++) {
    const text *facts = &e->recipients[r].facts;
    struct policy_stop stop = { .address = e->recipients[r].address,
                                .mailbox = record_find(facts, "mailbox"),
                                .is_copy = record_is(facts, "copy", "yes") };
    if (!strchr(ENVELOPE_TO_TRY, e->recipients[r].state)) continue;
    if (record_is(facts, "delivered", "yes") || record_is(facts, "expanded", "yes")) { /* by smtp-receive: all that is left is to tell the sender */
      end(add(a, r, stop.address), SAID_DONE, "2.0.0", record_find(facts, "expanded") ? "expanded" : "delivered");
      continue;
    }
    if (record_is(facts, "same", "yes")) {
      struct send_item *i = add(a, r, stop.address);
      i->is_same = i->is_untried = true;
      a->idle++;
      continue;
    }
    if (!stop.mailbox && !has_settings) {
      routing_read(&routing, a);
      has_settings = true;
    }
    if (has_tables)
      route(s, a, &routing.facts, r, &stop, true);
    else
      end(add(a, r, stop.address), SAID_LATER, "4.3.5", "the address tables cannot be read");
  }
  routing_free(&routing);
}

void send_items_free(struct send_attempt *a)
{
  for (size_t i = 0; i < a->count; i++) {
    if (a->items[i].lane) a->items[i].lane->users--;
    free(a->items[i].address);
    free(a->items[i].mailbox);
    free(a->items[i].sender);
    free(a->items[i].detail);
    free(a->items[i].hop_name);
    send_result_free(&a->items[i].outcome);
    text_free(&a->items[i].remote);
    text_free(&a->items[i].policy);
  }
  free(a->items);
  a->items = 0;
  a->count = a->waiting = a->running = a->first_waiting = a->idle = 0;
  a->has_several = false;
}
