/* tlspolicy: by which TLS a host gets mail (RFC 7672, 8461, 8689): decisions, without I/O. */

#ifndef SEND_TLSPOLICY_H
#define SEND_TLSPOLICY_H

#include "lib/dns.h"
#include "send/sts_policy.h"

/* What the hop says of TLS (doc/calls.md). */
enum hop_tls {
  HOP_TLS_MAY,     /* if it is offered; nobody is verified; in clear if the handshake fails */
  HOP_TLS_ENCRYPT, /* STARTTLS or nothing; nobody is verified */
  HOP_TLS_VERIFY,  /* STARTTLS or nothing; the certificate bears the host's name */
  HOP_TLS_TLS,     /* TLS from the first byte; the certificate bears the host's name, or one of the fingerprints is known */
  HOP_TLS_FINGERPRINT, /* STARTTLS or nothing; the certificate's fingerprint is known */
  HOP_TLS_OFF,     /* never */
  HOP_TLS_AUTO,    /* DANE where there are TLSA records, else MTA-STS where there is a policy, else may */
  HOP_TLS_DANE,    /* TLSA records or nothing */
  HOP_TLS_STS      /* a policy of MTA-STS (or TLSA records), or nothing */
};

bool send_tlspolicy_word(const char *word, enum hop_tls *tls);

/* What the DNS says of the TLSA records of a host. */
enum dane_state {
  DANE_NONE,     /* it has none that DNSSEC vouches for, or nobody asked */
  DANE_UNUSABLE, /* it has, but none is of use: its mail is encrypted, and nobody is verified (RFC 7672 2.2) */
  DANE_USABLE,
  DANE_LATER     /* they cannot be looked up, or are forged: the host is not to be used (2.1.2) */
};

/* Is one of them usable? Usages 2 and 3 (RFC 7672 3.1.3), known selectors and matching types, digests as long as they must be. */
enum dane_state send_tlspolicy_dane(const struct dns_tlsa_list *tlsa);

enum sts_state {
  STS_ANSWER_NONE,  /* the domain has no policy, or nobody asked */
  STS_ANSWER_THERE,
  STS_ANSWER_FAILED, /* there is one, but it cannot be had, and no older one is known (RFC 8461 5: as if there was none) */
  STS_ANSWER_LATER   /* nobody could say whether there is one that is to be kept */
};

/* All that the decision needs. */
struct tls_facts {
  enum hop_tls wish;
  bool is_mx;            /* the host was found as an MX */
  bool is_mx_secure;     /* ... and DNSSEC vouches for that */
  bool has_resolver;     /* a resolver that is trusted with DNSSEC */
  bool has_fingerprint;
  enum dane_state dane;
  enum sts_state sts;
  enum sts_mode mode;    /* of a policy that is there */
  bool is_sts_match;     /* the host is one of its MX */
};

enum tls_verify { TLS_VERIFY_NONE, TLS_VERIFY_NAME, TLS_VERIFY_WATCH, TLS_VERIFY_FINGERPRINT, TLS_VERIFY_DANE }; /* as tls-client is asked */
const char *send_tlspolicy_verify(enum tls_verify verify);

struct tls_decision {
  const char *policy;      /* for people: none, may, encrypt, verify, fingerprint, dane, sts, sts-testing */
  enum tls_verify verify;
  bool is_required;        /* encrypted, and verified as said, or not at all */
  bool is_way_secure;      /* who is verified is who the domain's mail is for (RFC 8689 4.2.1) */
  const char *refusal;     /* the host is not to be tried: why; 0: it may be */
  const char *failure;     /* what a report says of that (RFC 8460 4.3), or of a host that is tried all the same; "": nothing */
};
void send_tlspolicy_decide(const struct tls_facts *f, struct tls_decision *d);

/* Which of the look-ups are needed? The second is asked when the first is known. */
bool send_tlspolicy_wants_dane(const struct tls_facts *f, bool is_on); /* is_on: control/dane */
bool send_tlspolicy_wants_sts(const struct tls_facts *f, bool is_on);  /* is_on: control/mtasts */

#endif
