/* dane: the TLSA records of a mail host, looked up as RFC 7672 2.2 says. */

#ifndef SEND_DANE_H
#define SEND_DANE_H

#include "send/tlspolicy.h"

struct dane {
  enum dane_state state;
  char base[256]; /* the TLSA base domain, by which the server is asked for and, with DANE-TA, known */
  struct dns_tlsa_list tlsa;
};
#define DANE_ZERO { .tlsa = DNS_TLSA_LIST_ZERO }

/* host: as it was found or written. addresses: the answer with its addresses, by which it is seen whether anything is signed: if
   not, nothing more is asked, because some servers of unsigned zones do not even answer (2.2.2). */
void send_dane_find(struct dane *d, const char *host, unsigned int port, const struct dns_list *addresses);

#endif
