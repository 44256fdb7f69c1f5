/* tlsplan: what is found out about the TLS of a hop, and of one of its hosts, before it is connected to. */

#ifndef SEND_TLSPLAN_H
#define SEND_TLSPLAN_H

#include "send/dane.h"
#include "send/hop.h"
#include "send/sts.h"

/* Of the hop, while one host after the other is tried. */
struct tls_search {
  const struct hop *hop;
  bool is_mx_secure;
  bool is_implicit;   /* the domain has no MX: it is its own */
  char expanded[256]; /* whose the MX are, if the domain is a CNAME; or "" */
  bool has_resolver, looks_for_dane, looks_for_sts;
  struct sts sts;
};
#define TLS_SEARCH_ZERO { .sts = STS_ZERO }

/* Of a host. */
struct tls_plan {
  const struct tls_search *search;
  char host[256];
  struct tls_decision decision;
  struct dane dane;
};
#define TLS_PLAN_ZERO { .dane = DANE_ZERO }

void send_tlsplan_begin(struct tls_search *s, const struct hop *hop);     /* control/dane, control/mtasts */
bool send_tlsplan_question(const struct tls_search *s, struct dns_question *q); /* what is to be asked beside the MX; false: nothing */
void send_tlsplan_take_answer(struct tls_search *s, const struct dns_question *q);
void send_tlsplan_take_mx(struct tls_search *s, const struct dns_list *mx, bool is_implicit); /* how the hosts were found */
void send_tlsplan_end(struct tls_search *s);

/* addresses: the answer with the host's addresses, the first that there is; 0: the host is an address itself. False: the host is
   not to be tried; the decision says why. */
bool send_tlsplan_make(struct tls_plan *p, struct tls_search *s, const char *host, const struct dns_list *addresses);
void send_tlsplan_free(struct tls_plan *p);

void send_tlsplan_request(const struct tls_plan *p, text *request); /* for tls-client: name=, verify=, fingerprint=, tlsa= */

/* Each TLSA record as people write it: "3 1 1 HEX", under this key. */
void send_tlsplan_add_tlsa(const struct tls_plan *p, const char *key, text *record);

#endif
