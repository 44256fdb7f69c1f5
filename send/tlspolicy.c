#include "send/tlspolicy.h"

#include <string.h>

bool send_tlspolicy_word(const char *word, enum hop_tls *tls)
{
  static const char *const words[] = { [HOP_TLS_MAY] = "may",
                                       [HOP_TLS_ENCRYPT] = "encrypt",
                                       [HOP_TLS_VERIFY] = "verify",
                                       [HOP_TLS_TLS] = "tls",
                                       [HOP_TLS_OFF] = "off",
                                       [HOP_TLS_FINGERPRINT] = "fingerprint",
                                       [HOP_TLS_AUTO] = "auto",
                                       [HOP_TLS_DANE] = "dane",
                                       [HOP_TLS_STS] = "sts" };

  for (unsigned int i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcmp(word, words[i])) {
      *tls = (enum hop_tls)i;
      return true;
    }
  return false;
}

const char *send_tlspolicy_verify(enum tls_verify verify)
{
  static const char *const words[] = { [TLS_VERIFY_NONE] = "none",
                                       [TLS_VERIFY_NAME] = "name",
                                       [TLS_VERIFY_WATCH] = "watch",
                                       [TLS_VERIFY_FINGERPRINT] = "fingerprint",
                                       [TLS_VERIFY_DANE] = "dane" };
  return words[verify];
}

static bool is_usable(const struct dns_tlsa *r)
{
  static const size_t lengths[] = { 0, 32, 64 }; /* RFC 6698 2.1.3: all of it, SHA-256, SHA-512 */

  if ((r->usage != 2 && r->usage != 3) || r->selector > 1 || r->matching > 2 || !r->length) return false;
  return !r->matching || r->length == lengths[r->matching];
}

enum dane_state send_tlspolicy_dane(const struct dns_tlsa_list *tlsa)
{
  for (unsigned int i = 0; i < tlsa->count; i++)
    if (is_usable(&tlsa->records[i])) return DANE_USABLE;
  return DANE_UNUSABLE;
}

bool send_tlspolicy_wants_dane(const struct tls_facts *f, bool is_on)
{
  if (!f->has_resolver) return false;
  return f->wish == HOP_TLS_DANE || (is_on && (f->wish == HOP_TLS_AUTO || f->wish == HOP_TLS_STS));
}

/* DANE takes precedence (RFC 8461 2), but who is an MX is not said by TLSA records: an MX that DNSSEC does not vouch for must be
   one of the policy's, too. */
bool send_tlspolicy_wants_sts(const struct tls_facts *f, bool is_on)
{
  if (!f->is_mx || f->dane == DANE_LATER || (f->dane == DANE_USABLE && f->is_mx_secure)) return false;
  return f->wish == HOP_TLS_STS || (is_on && f->wish == HOP_TLS_AUTO);
}

static void refuse(struct tls_decision *d, const char *policy, const char *why, const char *failure)
{
  d->policy = policy;
  d->refusal = why;
  d->failure = failure;
  d->is_required = true;
}

static void demand(struct tls_decision *d, const char *policy, enum tls_verify verify)
{
  d->policy = policy;
  d->verify = verify;
  d->is_required = true;
}

/* What needs no look-up. */
static void decide_plain(const struct tls_facts *f, struct tls_decision *d)
{
  switch (f->wish) {
  case HOP_TLS_OFF: d->policy = "none"; break;
  case HOP_TLS_ENCRYPT: demand(d, "encrypt", TLS_VERIFY_NONE); break;
  case HOP_TLS_VERIFY: demand(d, "verify", TLS_VERIFY_NAME); break;
  case HOP_TLS_FINGERPRINT: demand(d, "fingerprint", TLS_VERIFY_FINGERPRINT); break;
  case HOP_TLS_TLS:
    demand(d, f->has_fingerprint ? "fingerprint" : "verify", f->has_fingerprint ? TLS_VERIFY_FINGERPRINT : TLS_VERIFY_NAME);
    break;
  default: d->policy = "may"; break;
  }
  if (d->verify == TLS_VERIFY_FINGERPRINT) d->is_way_secure = true; /* whoever has this certificate's key */
}

/* True if the host must not be tried for want of what is demanded. */
static bool lacks_dane(const struct tls_facts *f, struct tls_decision *d)
{
  const char *lack = 0;

  if (f->dane == DANE_LATER) {
    refuse(d, "dane", "its TLSA records cannot be looked up, or are forged (DNSSEC)", "dnssec-invalid");
    return true;
  }
  if (f->wish != HOP_TLS_DANE) return false;
  if (!f->has_resolver)
    lack = "DANE is demanded, but no resolver here is trusted with DNSSEC (control/trustresolver)";
  else if (f->is_mx && !f->is_mx_secure)
    lack = "DANE is demanded, but the domain's MX is not signed (DNSSEC)";
  else if (f->dane == DANE_NONE)
    lack = "DANE is demanded, but it has no TLSA records that DNSSEC vouches for";
  else if (f->dane == DANE_UNUSABLE)
    lack = "DANE is demanded, but none of its TLSA records can be used";
  if (lack) refuse(d, "dane", lack, f->dane == DANE_UNUSABLE ? "tlsa-invalid" : "dane-required");
  return lack;
}

static void decide_found(const struct tls_facts *f, struct tls_decision *d)
{
  bool is_dane_enough = f->dane == DANE_USABLE && f->is_mx_secure, has_sts = f->sts == STS_ANSWER_THERE && f->mode != STS_NONE;
  bool is_enforced = has_sts && (f->mode == STS_ENFORCE || f->wish == HOP_TLS_STS);

  if (lacks_dane(f, d)) return;
  if (f->sts == STS_ANSWER_LATER)
    refuse(d, "sts", "whether the domain has an MTA-STS policy is not known now", "");
  else if (f->wish == HOP_TLS_STS && !has_sts && !is_dane_enough)
    refuse(d, "sts", "MTA-STS is demanded, but the domain has no policy that could be had", "sts-policy-fetch-error");
  else if (is_enforced && !f->is_sts_match)
    refuse(d, "sts", "it is no MX of the domain's MTA-STS policy", "validation-failure");
  else if (f->dane == DANE_USABLE) {
    demand(d, "dane", TLS_VERIFY_DANE);
    d->is_way_secure = d->is_way_secure || is_enforced;
  } else if (is_enforced) {
    demand(d, "sts", TLS_VERIFY_NAME);
    d->is_way_secure = true;
  } else if (f->dane == DANE_UNUSABLE)
    demand(d, "dane", TLS_VERIFY_DANE);
  else if (has_sts) {
    d->policy = "sts-testing";
    d->verify = TLS_VERIFY_WATCH;
    if (!f->is_sts_match) d->failure = "validation-failure";
  } else {
    d->policy = "may";
    if (f->is_mx && f->is_mx_secure) d->verify = TLS_VERIFY_WATCH; /* for REQUIRETLS */
  }
}

void send_tlspolicy_decide(const struct tls_facts *f, struct tls_decision *d)
{
  *d = (struct tls_decision){ .policy = "may", .failure = "", .is_way_secure = !f->is_mx || f->is_mx_secure };
  if (f->wish == HOP_TLS_AUTO || f->wish == HOP_TLS_DANE || f->wish == HOP_TLS_STS)
    decide_found(f, d);
  else
    decide_plain(f, d);
}
