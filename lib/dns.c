#include "lib/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/random.h>

#define HOSTS "/etc/hosts"

enum { ANSWER_MAX = 65535 };

static uint32_t random_number(void)
{
  uint32_t number;

  random_buf((char *)&number, sizeof number);
  return number;
}

static struct dns_record *later(struct dns_record *a, struct dns_record *b, const uint32_t *lots,
                                const struct dns_record *first)
{
  if (a->preference != b->preference) return a->preference > b->preference ? a : b;
  return lots[a - first] > lots[b - first] ? a : b;
}

void dns_order(struct dns_list *list, uint32_t (*random)(void))
{
  uint32_t lots[DNS_RECORDS_MAX];

  for (unsigned int i = 0; i < list->count; i++) lots[i] = random();
  for (unsigned int end = list->count; end > 1; end--) {
    struct dns_record *last = &list->records[0];
    for (unsigned int i = 1; i < end; i++) last = later(last, &list->records[i], lots, list->records);
    struct dns_record moved = *last;
    uint32_t lot = lots[last - list->records];
    *last = list->records[end - 1];
    lots[last - list->records] = lots[end - 1];
    list->records[end - 1] = moved;
    lots[end - 1] = lot;
  }
}

/* What libresolv says when it gives no answer. */
static enum dns_result failure(int h_error)
{
  if (h_error == HOST_NOT_FOUND) return DNS_ABSENT;
  return h_error == NO_DATA ? DNS_NOTHING : DNS_LATER;
}

enum dns_result dns_find(const char *name, enum dns_kind kind, struct dns_list *list)
{
  static const int types[] = { [DNS_A] = ns_t_a, [DNS_AAAA] = ns_t_aaaa, [DNS_MX] = ns_t_mx, [DNS_PTR] = ns_t_ptr, [DNS_TXT] = ns_t_txt };
  struct __res_state resolver = { 0 };
  enum dns_result result = DNS_LATER;
  unsigned char *answer;
  int length;

  list->count = 0;
  list->is_null_mx = false;
  if (!dns_name_check(name)) return DNS_ABSENT;
  if (res_ninit(&resolver) == -1) return DNS_LATER;
  if ((answer = malloc(ANSWER_MAX))) {
    length = res_nquery(&resolver, name, ns_c_in, types[kind], answer, ANSWER_MAX);
    if (length == -1)
      result = failure(resolver.res_h_errno);
    else
      result = dns_answer_parse(answer, length > ANSWER_MAX ? ANSWER_MAX : (size_t)length, kind, list);
    free(answer);
  }
  res_nclose(&resolver);
  if (kind == DNS_MX) dns_order(list, random_number);
  return result;
}

enum dns_result dns_find_host(const char *name, enum dns_kind kind, struct dns_list *list)
{
  text bytes = TEXT_ZERO;
  enum dns_result result = DNS_ABSENT;

  if (openslurpclose(&bytes, HOSTS)) result = dns_hosts_parse(bytes.s, bytes.len, name, kind, list);
  text_free(&bytes);
  return result == DNS_ABSENT ? dns_find(name, kind, list) : result;
}
