/* cidr: IP addresses and networks: "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "[2001:db8::]/32". An IPv4 address mapped into IPv6 is IPv4. */

#ifndef LIB_CIDR_H
#define LIB_CIDR_H

#include <sys/socket.h>

#include "lib/text.h"

struct ip {
  unsigned char bytes[16]; /* IPv4: the first four */
  bool is_v4;
};

struct cidr {
  struct ip ip;        /* what is behind the length is zero */
  unsigned int length; /* bits */
};

bool ip_parse(struct ip *ip, const char *string);
bool ip_from_socket(struct ip *ip, const struct sockaddr_storage *address); /* false: not TCP over IP */

bool cidr_parse(struct cidr *c, const char *string); /* an address alone is a network of one */
void cidr_key_add(text *key, const struct ip *ip, unsigned int length); /* its network in the tables: "4/24:0a4d04" */
bool cidr_has(const struct cidr *c, const struct ip *ip);
void cidr_add(text *out, const struct ip *ip, unsigned int length4, unsigned int length6); /* "192.0.2.0/24": its network */

struct cidrs {
  struct cidr *list;
  size_t count;
};
#define CIDRS_ZERO { 0, 0 }

/* control/NAME: networks, separated by white space or lines; dies if one is none. */
void cidrs_read(struct cidrs *all, const char *name);
bool cidrs_have(const struct cidrs *all, const struct ip *ip);
bool cidrs_have_text(const struct cidrs *all, const char *ip); /* "" is in no network */

#endif
