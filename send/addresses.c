#include "send/addresses.h"

#include <skalibs/djbunix.h>

#include "lib/conf.h"
#include "lib/die.h"

enum { FIRST_MS = 2000, SPARE = 2 };

enum addresses_order send_addresses_order(void)
{
  static const char *const words[] = { [ADDRESSES_IPV4] = "ipv4", [ADDRESSES_IPV6] = "ipv6", [ADDRESSES_ANY] = "any" };
  text value = TEXT_ZERO;
  unsigned int i = 0;

  conf_value("addressorder", &value, words[0]);
  while (i <= ADDRESSES_ANY && !text_is(&value, words[i])) i++;
  if (i > ADDRESSES_ANY) die_permanent("control/addressorder is ipv4, ipv6 or any, but ", text_string(&value));
  text_free(&value);
  return (enum addresses_order)i;
}

static unsigned int count_of(const struct dns_question *q) { return q->result == DNS_FOUND ? q->list.count : 0; }

static void add(struct addresses *a, const struct dns_question *q, unsigned int i)
{
  a->all[a->count++] = q->list.records[i].address;
}

static unsigned int smaller(unsigned int a, unsigned int b) { return a < b ? a : b; }

void send_addresses_sort(struct addresses *a, enum addresses_order order, unsigned int max)
{
  const struct dns_question *first = &a->families[order != ADDRESSES_IPV4], *second = &a->families[order == ADDRESSES_IPV4];
  unsigned int spare = smaller(count_of(second), max > SPARE ? SPARE : max / 2);
  unsigned int from_first = smaller(count_of(first), max - spare), from_second = smaller(count_of(second), max - from_first);

  a->count = 0;
  if (order != ADDRESSES_ANY) {
    for (unsigned int i = 0; i < from_first; i++) add(a, first, i);
    for (unsigned int i = 0; i < from_second; i++) add(a, second, i);
    return;
  }
  for (unsigned int i = 0; a->count < max && (i < count_of(first) || i < count_of(second)); i++) {
    if (i < count_of(first)) add(a, first, i);
    if (i < count_of(second) && a->count < max) add(a, second, i);
  }
}

static bool find_in_hosts(struct addresses *a)
{
  text bytes = TEXT_ZERO;
  bool is_found = false;

  if (openslurpclose(&bytes, "/etc/hosts"))
    for (int k = 0; k < 2; k++) {
      struct dns_question *q = &a->families[k];
      q->result = dns_hosts_parse(bytes.s, bytes.len, q->name, q->kind, &q->list);
      is_found |= q->result == DNS_FOUND;
    }
  text_free(&bytes);
  return is_found;
}

/* Is there what is to be tried first? Then nobody waits long for the rest. */
static bool is_enough(const struct addresses *a, enum addresses_order order)
{
  bool v4 = count_of(&a->families[0]), v6 = count_of(&a->families[1]);

  return order == ADDRESSES_IPV4 ? v4 : order == ADDRESSES_IPV6 ? v6 : v4 || v6;
}

static void ask(struct addresses *a, enum addresses_order order, unsigned int seconds)
{
  struct dns_question *all = a->families;
  int64_t until = dns_now_ms() + (int64_t)seconds * 1000, first = dns_now_ms() + FIRST_MS;

  dns_ask(all, 2, first < until ? first : until, -1);
  if (!is_enough(a, order)) {
    bool v4 = all[0].result == DNS_LATER, v6 = all[1].result == DNS_LATER;
    dns_ask(v4 ? all : all + 1, (size_t)v4 + v6, until, -1);
  }
  for (int k = 0; k < 2; k++)
    if (all[k].result != DNS_LATER && all[k].list.is_cut) all[k].result = dns_find(all[k].name, all[k].kind, &all[k].list);
}

void send_addresses_find(struct addresses *a, const char *host, bool asks_hosts, enum addresses_order order, unsigned int seconds)
{
  a->count = 0;
  a->is_unknown = false;
  for (int k = 0; k < 2; k++) dns_question_set(&a->families[k], host, k ? DNS_AAAA : DNS_A);
  if (asks_hosts && find_in_hosts(a)) return;
  ask(a, order, seconds);
  for (int k = 0; k < 2; k++) a->is_unknown |= a->families[k].result == DNS_LATER;
}
