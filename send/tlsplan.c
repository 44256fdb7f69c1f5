#include "send/tlsplan.h"

#include <string.h>

#include "lib/conf.h"
#include "lib/hex.h"

void send_tlsplan_begin(struct tls_search *s, const struct hop *hop)
{
  s->hop = hop;
  s->is_mx_secure = s->is_implicit = false;
  *s->expanded = 0;
  s->has_resolver = dns_is_trusted();
  s->looks_for_dane = conf_is_yes("dane", true);
  s->looks_for_sts = conf_is_yes("mtasts", true);
  s->sts.is_asked = false;
  s->sts.state = STS_ANSWER_NONE;
}

bool send_tlsplan_question(const struct tls_search *s, struct dns_question *q)
{
  const struct tls_facts facts = { .wish = s->hop->tls, .is_mx = s->hop->is_mx };

  if (!send_tlspolicy_wants_sts(&facts, s->looks_for_sts)) return false;
  send_sts_question(q, s->hop->name.s);
  return true;
}

void send_tlsplan_take_answer(struct tls_search *s, const struct dns_question *q) { send_sts_take_answer(&s->sts, q, s->hop->name.s); }

void send_tlsplan_take_mx(struct tls_search *s, const struct dns_list *mx, bool is_implicit)
{
  s->is_mx_secure = mx->is_secure;
  s->is_implicit = is_implicit;
  memcpy(s->expanded, mx->owner, strlen(mx->owner) + 1);
  if (string_is_nocase(s->expanded, s->hop->name.s)) *s->expanded = 0;
}

void send_tlsplan_end(struct tls_search *s) { send_sts_free(&s->sts); }

/* A domain that is an address literal has no policy. One whose MX is an address has: who forges an answer of the DNS may name one. */
static bool may_have_policy(const struct tls_plan *p, const struct tls_search *s, const struct dns_list *addresses)
{
  return addresses || strcmp(p->host, s->hop->name.s);
}

static void find_out(struct tls_plan *p, struct tls_search *s, const struct dns_list *addresses, struct tls_facts *f)
{
  if (send_tlspolicy_wants_dane(f, s->looks_for_dane) && addresses) {
    send_dane_find(&p->dane, p->host, s->hop->port, addresses);
    f->dane = p->dane.state;
  }
  if (send_tlspolicy_wants_sts(f, s->looks_for_sts) && may_have_policy(p, s, addresses)) {
    send_sts_ask(&s->sts, s->hop->name.s);
    f->sts = s->sts.state;
    f->mode = s->sts.mode;
    f->is_sts_match = send_sts_is_match(&s->sts, p->host);
  }
}

bool send_tlsplan_make(struct tls_plan *p, struct tls_search *s, const char *host, const struct dns_list *addresses)
{
  struct tls_facts facts = { .wish = s->hop->tls,
                             .is_mx = s->hop->is_mx,
                             .is_mx_secure = s->is_mx_secure,
                             .has_resolver = s->has_resolver,
                             .has_fingerprint = record_find(&s->hop->facts, "fingerprint") };
  size_t length = strlen(host) < sizeof p->host ? strlen(host) : 0;

  p->search = s;
  memcpy(p->host, host, length);
  p->host[length] = 0;
  p->dane.state = DANE_NONE;
  p->dane.tlsa.count = 0;
  find_out(p, s, addresses, &facts);
  send_tlspolicy_decide(&facts, &p->decision);
  return !p->decision.refusal;
}

void send_tlsplan_free(struct tls_plan *p) { text_free(&p->dane.tlsa.data); }

void send_tlsplan_add_tlsa(const struct tls_plan *p, const char *key, text *record)
{
  text value = TEXT_ZERO;

  for (unsigned int i = 0; i < p->dane.tlsa.count; i++) {
    const struct dns_tlsa *r = &p->dane.tlsa.records[i];
    text_clear(&value);
    text_add_format(&value, "%u %u %u ", r->usage, r->selector, r->matching);
    hex_add(&value, p->dane.tlsa.data.s + r->start, r->length);
    record_add_bytes(record, key, value.s, value.len);
  }
  text_free(&value);
}

/* By which names a server with DANE-TA is known (RFC 7672 3.2.2): the base domain; with a secure MX the domain of the mail too, as
   it is written and as its CNAMEs lead; without MX the host as it is written. */
static void add_dane_names(const struct tls_plan *p, text *request)
{
  const struct tls_search *s = p->search;
  bool is_by_mx = s->hop->is_mx && !s->is_implicit;

  record_add(request, "name", p->dane.base);
  if (!is_by_mx) record_add(request, "name", p->host);
  if (!is_by_mx || !s->is_mx_secure) return;
  record_add(request, "name", s->hop->name.s);
  if (*s->expanded) record_add(request, "name", s->expanded);
}

void send_tlsplan_request(const struct tls_plan *p, text *request)
{
  const text *facts = &p->search->hop->facts;
  size_t at = 0;

  if (record_is(facts, "certificate", "yes")) record_add(request, "bear", "certificate"); /* S-21 */
  record_add(request, "verify", send_tlspolicy_verify(p->decision.verify));
  if (p->decision.verify == TLS_VERIFY_DANE) {
    add_dane_names(p, request);
    send_tlsplan_add_tlsa(p, "tlsa", request);
  } else
    record_add(request, "name", p->host);
  for (const char *one; p->decision.verify == TLS_VERIFY_FINGERPRINT && (one = record_next(facts, "fingerprint", &at));)
    record_add(request, "fingerprint", one);
}
