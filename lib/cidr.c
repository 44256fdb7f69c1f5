#include "lib/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/hex.h"

static void set(struct ip *ip, const unsigned char *bytes, bool is_v4)
{
  static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

  *ip = (struct ip){ .is_v4 = is_v4 };
  if (!is_v4 && !memcmp(bytes, mapped, sizeof mapped)) {
    ip->is_v4 = true;
    bytes += sizeof mapped;
  }
  memcpy(ip->bytes, bytes, ip->is_v4 ? 4 : 16);
}

bool ip_parse(struct ip *ip, const char *string)
{
  unsigned char bytes[16];

  if (inet_pton(AF_INET, string, bytes) == 1)
    set(ip, bytes, true);
  else if (inet_pton(AF_INET6, string, bytes) == 1)
    set(ip, bytes, false);
  else
    return false;
  return true;
}

bool ip_from_socket(struct ip *ip, const struct sockaddr_storage *address)
{
  const struct sockaddr_in6 *v6 = (const void *)address;
  const struct sockaddr_in *v4 = (const void *)address;

  if (address->ss_family == AF_INET)
    set(ip, (const unsigned char *)&v4->sin_addr, true);
  else if (address->ss_family == AF_INET6)
    set(ip, v6->sin6_addr.s6_addr, false);
  else
    return false;
  return true;
}

static void mask(struct ip *ip, unsigned int length)
{
  for (unsigned int i = 0; i < sizeof ip->bytes; i++) {
    unsigned int bits = length > i * 8 ? length - i * 8 : 0;
    if (bits < 8) ip->bytes[i] &= (unsigned char)(0xff00u >> bits);
  }
}

/* "::ffff:10.0.0.0/104" is 10.0.0.0/8; what is wider than all of IPv4 in IPv6 has no client in it, and is nothing. */
static bool set_length(struct cidr *c, const char *address, const char *length)
{
  unsigned int before = c->ip.is_v4 && strchr(address, ':') ? 96 : 0, all = c->ip.is_v4 ? 32 : 128;
  uint64_t bits;

  if (!number_scan(length, before + all, &bits) || bits < before) return false;
  c->length = (unsigned int)bits - before;
  return true;
}

bool cidr_parse(struct cidr *c, const char *string)
{
  char address[INET6_ADDRSTRLEN];
  const char *slash = strchr(string, '/');
  size_t size = slash ? (size_t)(slash - string) : strlen(string);

  bool is_bracketed = size > 2 && *string == '[' && string[size - 1] == ']'; /* as Postfix wants IPv6 */
  size -= is_bracketed ? 2 : 0;
  if (size >= sizeof address) return false;
  memcpy(address, string + is_bracketed, size);
  address[size] = 0;
  if (!ip_parse(&c->ip, address) || (is_bracketed && !strchr(address, ':'))) return false;
  c->length = c->ip.is_v4 ? 32 : 128;
  if (slash && !set_length(c, address, slash + 1)) return false;
  mask(&c->ip, c->length);
  return true;
}

void cidr_key_add(text *key, const struct ip *ip, unsigned int length)
{
  struct ip network = *ip;

  mask(&network, length);
  text_add_format(key, "%c/%u:", ip->is_v4 ? '4' : '6', length);
  hex_add(key, network.bytes, (length + 7) / 8);
}

bool cidr_has(const struct cidr *c, const struct ip *ip)
{
  struct ip network = *ip;

  mask(&network, c->length);
  return c->ip.is_v4 == ip->is_v4 && !memcmp(c->ip.bytes, network.bytes, sizeof network.bytes);
}

void cidr_add(text *out, const struct ip *ip, unsigned int length4, unsigned int length6)
{
  struct ip network = *ip;
  unsigned int length = ip->is_v4 ? length4 : length6;
  char string[INET6_ADDRSTRLEN];

  mask(&network, length);
  text_add(out, inet_ntop(ip->is_v4 ? AF_INET : AF_INET6, network.bytes, string, sizeof string));
  if (length == (ip->is_v4 ? 32 : 128)) return;
  text_add_char(out, '/');
  text_add_number(out, length);
}

static void add(struct cidrs *all, const char *name, const char *word)
{
  struct cidr one;

  if (!cidr_parse(&one, word)) die_permanent("control/", name, ": not an address or a network (10.0.0.0/8): ", word);
  all->list = realloc(all->list, (all->count + 1) * sizeof one);
  if (!all->list) die_nomem();
  all->list[all->count++] = one;
}

void cidrs_read(struct cidrs *all, const char *name)
{
  text lines = TEXT_ZERO, word = TEXT_ZERO;

  conf_lines(name, &lines);
  for (size_t at = 0; at < lines.len; at++) {
    if (lines.s[at] && !ascii_is_space(lines.s[at]))
      text_add_char(&word, lines.s[at]);
    else if (word.len) {
      add(all, name, text_string(&word));
      text_clear(&word);
    }
  }
  text_free(&lines);
  text_free(&word);
}

bool cidrs_have(const struct cidrs *all, const struct ip *ip)
{
  for (size_t i = 0; i < all->count; i++)
    if (cidr_has(&all->list[i], ip)) return true;
  return false;
}

bool cidrs_have_text(const struct cidrs *all, const char *string)
{
  struct ip ip;
  return all->count && ip_parse(&ip, string) && cidrs_have(all, &ip);
}
