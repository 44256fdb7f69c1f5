#include "lib/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

#include <skalibs/random.h>

#include "lib/conf.h"
#include "lib/dns_text.h"

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

/* In a container of Docker's this is Docker, which hands on whatever comes from outside, AD bit and all. */
#define DOCKER 0x7f00000b /* 127.0.0.11 */

static bool is_loopback(const struct __res_state *resolver, int i)
{
  const struct sockaddr_in6 *v6 = resolver->_u._ext.nsaddrs[i];
  uint32_t v4 = ntohl(resolver->nsaddr_list[i].sin_addr.s_addr);

  if (resolver->nsaddr_list[i].sin_family == AF_INET) return v4 >> 24 == 127 && v4 != DOCKER;
  return v6 && (IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) || (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127));
}

bool dns_trusts(const struct __res_state *resolver)
{
  bool is_near = resolver->nscount > 0;

  for (int i = 0; i < resolver->nscount && i < MAXNS; i++) is_near = is_near && is_loopback(resolver, i);
  return conf_is_yes("trustresolver", is_near);
}

bool dns_is_trusted(void)
{
  struct __res_state resolver = { 0 };

  if (res_ninit(&resolver) == -1) return false;
  bool answer = dns_trusts(&resolver);
  res_nclose(&resolver);
  return answer;
}

/* What libresolv says when it gives no answer. */
static enum dns_result failure(int h_error)
{
  if (h_error == HOST_NOT_FOUND) return DNS_ABSENT;
  return h_error == NO_DATA ? DNS_NOTHING : DNS_LATER;
}

/* DNS_FOUND: the bytes of an answer that is to be parsed. *is_secure: may its AD bit be believed? If it is negative: was it
   set? libresolv asks for the bit, and leaves it in the answer, only with RES_TRUSTAD. */
static enum dns_result ask(const char *name, int type, text *answer, bool *is_secure)
{
  struct __res_state resolver = { 0 };
  enum dns_result result = DNS_FOUND;

  *is_secure = false;
  if (!dns_name_check(name)) return DNS_ABSENT;
  if (res_ninit(&resolver) == -1) return DNS_LATER;
  resolver.options &= ~(unsigned long)RES_TRUSTAD;
  if ((*is_secure = dns_trusts(&resolver))) resolver.options |= RES_TRUSTAD;
  text_clear(answer);
  text_ready(answer, ANSWER_MAX);
  memset(answer->s, 0, NS_HFIXEDSZ);
  int length = res_nquery(&resolver, name, ns_c_in, type, (unsigned char *)answer->s, ANSWER_MAX);
  if (length == -1) {
    result = failure(resolver.res_h_errno);
    *is_secure = *is_secure && result != DNS_LATER && ((const HEADER *)(const void *)answer->s)->ad;
  } else
    answer->len = length > ANSWER_MAX ? ANSWER_MAX : (size_t)length;
  res_nclose(&resolver);
  return result;
}

enum dns_result dns_find(const char *name, enum dns_kind kind, struct dns_list *list)
{
  static const int types[] = { [DNS_A] = ns_t_a,     [DNS_AAAA] = ns_t_aaaa,   [DNS_MX] = ns_t_mx,
                               [DNS_PTR] = ns_t_ptr, [DNS_CNAME] = ns_t_cname, [DNS_TXT] = ns_t_txt };
  text answer = TEXT_ZERO;
  bool is_secure;
  enum dns_result result = ask(name, types[kind], &answer, &is_secure);

  list->count = 0;
  list->is_null_mx = false;
  list->is_secure = is_secure;
  *list->owner = 0;
  if (result == DNS_FOUND) {
    result = dns_answer_parse((const unsigned char *)answer.s, answer.len, kind, list);
    list->is_secure = list->is_secure && is_secure;
  }
  text_free(&answer);
  if (kind == DNS_MX) dns_order(list, random_number);
  return result;
}

enum dns_result dns_find_text(const char *name, text *records)
{
  text answer = TEXT_ZERO;
  bool is_secure;
  enum dns_result result = ask(name, ns_t_txt, &answer, &is_secure);

  text_clear(records);
  if (result == DNS_FOUND) result = dns_text_parse((const unsigned char *)answer.s, answer.len, records);
  text_free(&answer);
  return result;
}

enum dns_result dns_find_tlsa(const char *name, unsigned int port, struct dns_tlsa_list *list)
{
  text answer = TEXT_ZERO, whole = TEXT_ZERO;
  bool is_secure;

  text_add_format(&whole, "_%u._tcp.%s", port, name);
  enum dns_result result = ask(text_string(&whole), ns_t_tlsa, &answer, &is_secure);
  list->count = 0;
  list->is_secure = is_secure;
  text_clear(&list->data);
  if (result == DNS_FOUND) {
    result = dns_answer_parse_tlsa((const unsigned char *)answer.s, answer.len, list);
    list->is_secure = list->is_secure && is_secure;
  }
  text_free(&answer);
  text_free(&whole);
  return result;
}
