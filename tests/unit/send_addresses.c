/* In which order the addresses of a host are tried: by control/addressorder, few enough, and some of each family. */

#include "lib/text.h"
#include "send/addresses.h"
#include "tests/check.h"

static struct addresses found;

static void fill(int family, unsigned int count)
{
  struct dns_question *q = &found.families[family];

  q->result = count ? DNS_FOUND : DNS_NOTHING;
  q->list.count = count;
  for (unsigned int i = 0; i < count; i++) snprintf(q->list.records[i].address, sizeof q->list.records[i].address, "%s%u", family ? "::" : "192.0.2.", i);
}

static const struct {
  unsigned int v4, v6, max;
  enum addresses_order order;
  const char *expected, *what;
} cases[] = {
  { 2, 2, 10, ADDRESSES_IPV4, "192.0.2.0 192.0.2.1 ::0 ::1 ", "ipv4: IPv4 first" },
  { 2, 2, 10, ADDRESSES_IPV6, "::0 ::1 192.0.2.0 192.0.2.1 ", "ipv6: IPv6 first" },
  { 2, 3, 10, ADDRESSES_ANY, "::0 192.0.2.0 ::1 192.0.2.1 ::2 ", "any: in turns" },
  { 3, 1, 10, ADDRESSES_ANY, "::0 192.0.2.0 192.0.2.1 192.0.2.2 ", "any: what is left of one" },
  { 0, 2, 10, ADDRESSES_IPV4, "::0 ::1 ", "ipv4 without IPv4" },
  { 2, 0, 10, ADDRESSES_IPV6, "192.0.2.0 192.0.2.1 ", "ipv6 without IPv6" },
  { 9, 9, 5, ADDRESSES_IPV4, "192.0.2.0 192.0.2.1 192.0.2.2 ::0 ::1 ", "two of the second family have room" },
  { 9, 1, 5, ADDRESSES_IPV4, "192.0.2.0 192.0.2.1 192.0.2.2 192.0.2.3 ::0 ", "or as many as it has" },
  { 1, 9, 5, ADDRESSES_IPV4, "192.0.2.0 ::0 ::1 ::2 ::3 ", "and more where the first has few" },
  { 9, 9, 2, ADDRESSES_IPV6, "::0 192.0.2.0 ", "two: one of each" },
  { 9, 9, 1, ADDRESSES_IPV4, "192.0.2.0 ", "one: of the first family" },
  { 9, 9, 1, ADDRESSES_ANY, "::0 ", "one, of any" },
  { 9, 9, 0, ADDRESSES_IPV4, "", "none" },
  { 0, 0, 10, ADDRESSES_ANY, "", "nothing was found" },
  { 64, 64, 128, ADDRESSES_ANY, 0, "all that DNS can have" },
};

int main(void)
{
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    text all = TEXT_ZERO;
    fill(0, cases[i].v4);
    fill(1, cases[i].v6);
    send_addresses_sort(&found, cases[i].order, cases[i].max);
    for (unsigned int k = 0; k < found.count; k++) text_add_format(&all, "%s ", found.all[k]);
    if (cases[i].expected)
      check_is(text_string(&all), cases[i].expected, cases[i].what);
    else
      check(found.count == 128, cases[i].what);
    text_free(&all);
  }
  return check_done();
}
