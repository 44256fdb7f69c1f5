#include "tlsrpt/public.h"

bool tlsrpt_is_public(const struct ip *ip)
{
  /* RFC 6890, what once was for one site (fec0), and ways by which IPv4 addresses are reached: NAT64, 6to4, Teredo, ::a.b.c.d */
  static const char *const others[] = { "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                                        "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "::/96", "64:ff9b::/96",
                                        "64:ff9b:1::/48", "100::/64", "2001::/32", "2002::/16", "fc00::/7", "fec0::/10", "fe80::/10", "ff00::/8", 0 };

  for (const char *const *one = others; *one; one++) {
    struct cidr network;
    if (cidr_parse(&network, *one) && cidr_has(&network, ip)) return false;
  }
  return true;
}
