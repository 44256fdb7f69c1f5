#include <string.h>

#include "lib/dns.h"
#include "lib/rbl.h"

/* The next word of the entry, ended in place; "" if there is none. */
static char *next_word(char **at)
{
  char *word;

  while (ascii_is_space(**at)) ++*at;
  word = *at;
  while (**at && !ascii_is_space(**at)) ++*at;
  if (**at) *(*at)++ = 0;
  return word;
}

static bool find_action(const char *word, enum rbl_action *action)
{
  static const char *const names[] = { [RBL_REJECT] = "reject", [RBL_DEFER] = "defer", [RBL_ADDHEADER] = "addheader", [RBL_ACCEPT] = "accept" };

  for (unsigned int i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp(word, names[i])) {
      *action = (enum rbl_action)i;
      return true;
    }
  return false;
}

bool rbl_parse(struct rbl *r, char *entry, const char **error)
{
  enum { NIBBLES = 64 }; /* in front of the zone, for IPv6 */

  r->zone = next_word(&entry);
  if (!dns_name_check(r->zone) || strlen(r->zone) > 253 - NIBBLES) {
    *error = "not the name of a zone";
    return false;
  }
  if (!find_action(next_word(&entry), &r->action)) {
    *error = "the action is none of reject, defer, addheader, accept";
    return false;
  }
  const char *match = next_word(&entry);
  r->matches_any = !strcmp(match, "any");
  if (!r->matches_any && (!cidr_parse(&r->match, match) || !r->match.ip.is_v4)) {
    *error = "what it matches is not any, or an IPv4 address or network";
    return false;
  }
  while (ascii_is_space(*entry)) entry++;
  r->text = entry;
  for (; *entry; entry++)
    if (!ascii_is_printable(*entry)) {
      *error = "the text is not printable ASCII";
      return false;
    }
  return true;
}

/* A listing is in 127.0.0.0/8 (RFC 5782 2.1): any other address is a name server's that answers for what is not there.
   127.255.255.0/24 is how lists say that they do not answer this resolver. */
bool rbl_matches(const struct rbl *r, const char *answer)
{
  struct ip ip;

  if (!ip_parse(&ip, answer) || !ip.is_v4 || ip.bytes[0] != 127) return false;
  if (!r->matches_any) return cidr_has(&r->match, &ip);
  return ip.bytes[1] != 255 || ip.bytes[2] != 255;
}

/* "2.0.0.127." of 127.0.0.2; nibbles of IPv6. */
static void add_reversed(text *out, const struct ip *ip)
{
  static const char digits[] = "0123456789abcdef";

  for (unsigned int i = ip->is_v4 ? 4 : 16; i--;)
    if (ip->is_v4) {
      text_add_number(out, ip->bytes[i]);
      text_add_char(out, '.');
    } else {
      text_add_char(out, digits[ip->bytes[i] & 15]);
      text_add_char(out, '.');
      text_add_char(out, digits[ip->bytes[i] >> 4]);
      text_add_char(out, '.');
    }
}

void rbl_name_add(text *out, const struct ip *ip, const char *zone)
{
  add_reversed(out, ip);
  text_add(out, zone);
}

void rbl_reverse_name_add(text *out, const struct ip *ip)
{
  add_reversed(out, ip);
  text_add(out, ip->is_v4 ? "in-addr.arpa" : "ip6.arpa");
}
