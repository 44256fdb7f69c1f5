#include "send/dane.h"

#include <string.h>

static void set_base(struct dane *d, const char *name)
{
  size_t length = strlen(name);

  if (length && name[length - 1] == '.') length--;
  if (length >= sizeof d->base) length = 0; /* no such name is found */
  memcpy(d->base, name, length);
  d->base[length] = 0;
}

/* True if that decides: secure records, or no answer (RFC 7672 2.1.2). What is there but not signed does not count. */
static bool try_base(struct dane *d, const char *name, unsigned int port)
{
  set_base(d, name);
  switch (dns_find_tlsa(d->base, port, &d->tlsa)) {
  case DNS_LATER: d->state = DANE_LATER; return true;
  case DNS_FOUND:
    if (!d->tlsa.is_secure) return false;
    d->state = send_tlspolicy_dane(&d->tlsa);
    return true;
  default: return false;
  }
}

/* An unsigned zone may have a signed one's CNAME lead to it: then the name in the signed one is asked about (2.2.2). */
static bool is_alias_secure(struct dane *d, const char *host)
{
  struct dns_list list;

  switch (dns_find(host, DNS_CNAME, &list)) {
  case DNS_LATER: d->state = DANE_LATER; return false;
  case DNS_FOUND: return list.is_secure;
  default: return false;
  }
}

static bool is_same(const char *a, const char *b)
{
  size_t length = strlen(a);

  if (length && a[length - 1] == '.') length--;
  return strlen(b) == length && bytes_are_nocase(a, b, length);
}

void send_dane_find(struct dane *d, const char *host, unsigned int port, const struct dns_list *addresses)
{
  bool is_alias = *addresses->owner && !is_same(host, addresses->owner);

  d->state = DANE_NONE;
  *d->base = 0;
  d->tlsa.count = 0;
  if (addresses->is_secure) {
    if (is_alias && try_base(d, addresses->owner, port)) return;
    if (try_base(d, host, port)) return;
  } else if (is_alias && is_alias_secure(d, host) && try_base(d, host, port))
    return;
  d->tlsa.count = 0;
}
