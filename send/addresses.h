/* addresses: where a host is to be called, in the order in which that is to be tried. */

#ifndef SEND_ADDRESSES_H
#define SEND_ADDRESSES_H

#include "lib/dns.h"

enum addresses_order {
  ADDRESSES_IPV4, /* all of IPv4 before IPv6: many hosts have an IPv6 address without a name in the reverse zone, and large
                     receivers refuse these for good */
  ADDRESSES_IPV6, /* all of IPv6 before IPv4 */
  ADDRESSES_ANY   /* one of IPv6, one of IPv4, and so on (RFC 8305 4) */
};

struct addresses {
  const char *all[DNS_RECORDS_MAX * 2]; /* in the lists below */
  unsigned int count;
  bool is_unknown; /* DNS did not answer, for one family at least */
  struct dns_question families[2]; /* DNS_A, DNS_AAAA */
};

enum addresses_order send_addresses_order(void); /* control/addressorder */

/* Of a name, from /etc/hosts if it is to be asked and has one, else from DNS, both families at once. Within so many seconds. */
void send_addresses_find(struct addresses *a, const char *host, bool asks_hosts, enum addresses_order order, unsigned int seconds);

/* What was found, in order: at most max of them, of which two are of the second family if it has them. No I/O. */
void send_addresses_sort(struct addresses *a, enum addresses_order order, unsigned int max);

#endif
