/* The part of lib/dns that asks many questions at once. */

#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/random.h>

#include "lib/die.h"
#include "lib/dns.h"

enum { AGAIN_MS = 1000, ANSWER_MAX = 4096, AD_BIT = 0x20 };

struct asker {
  struct dns_question *all;
  size_t count;
  struct sockaddr_storage servers[MAXNS]; /* of /etc/resolv.conf */
  socklen_t server_lengths[MAXNS];
  unsigned int server_count;
  bool is_trusted; /* the AD bit of their answers counts */
};

int64_t dns_now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void dns_question_set(struct dns_question *q, const char *name, enum dns_kind kind)
{
  q->kind = kind;
  q->result = DNS_ABSENT;
  *q->name = *q->list.owner = 0; /* of one that is too long nobody is asked */
  q->list.count = 0;
  q->list.is_null_mx = q->list.is_cut = q->list.is_secure = false;
  if (strlen(name) < sizeof q->name) memcpy(q->name, name, strlen(name) + 1);
}

static void find_servers(struct asker *a, const struct __res_state *resolver)
{
  for (int i = 0; i < resolver->nscount && i < MAXNS; i++) {
    const struct sockaddr_in6 *v6 = resolver->_u._ext.nsaddrs[i];
    struct sockaddr_storage *to = &a->servers[a->server_count];
    if (resolver->nsaddr_list[i].sin_family == AF_INET) {
      memcpy(to, &resolver->nsaddr_list[i], sizeof resolver->nsaddr_list[i]);
      a->server_lengths[a->server_count++] = sizeof resolver->nsaddr_list[i];
    } else if (v6) {
      memcpy(to, v6, sizeof *v6);
      a->server_lengths[a->server_count++] = sizeof *v6;
    }
  }
}

static void end(struct dns_question *q, enum dns_result result)
{
  if (q->fd != -1) close(q->fd);
  q->fd = -1;
  q->result = result;
  q->is_done = true;
}

/* To the next server, from a port of its own (RFC 5452 9.2). */
static void send_one(const struct asker *a, struct dns_question *q)
{
  unsigned int server = q->tries++ % a->server_count;

  if (q->fd != -1) close(q->fd);
  q->sent_ms = dns_now_ms();
  q->fd = socket(a->servers[server].ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (q->fd == -1 || connect(q->fd, (const struct sockaddr *)&a->servers[server], a->server_lengths[server]) == -1) return;
  if (send(q->fd, q->packet, (size_t)q->packet_length, MSG_NOSIGNAL) == -1) return; /* it is sent again */
}

static void begin(const struct asker *a, struct __res_state *resolver, struct dns_question *q)
{
  static const int types[] = { [DNS_A] = ns_t_a, [DNS_AAAA] = ns_t_aaaa, [DNS_MX] = ns_t_mx, [DNS_PTR] = ns_t_ptr, [DNS_CNAME] = ns_t_cname, [DNS_TXT] = ns_t_txt };

  q->fd = -1;
  q->tries = 0;
  q->is_done = false;
  q->list.count = 0;
  if (!dns_name_check(q->name)) {
    end(q, DNS_ABSENT);
    return;
  }
  q->packet_length = res_nmkquery(resolver, ns_o_query, q->name, ns_c_in, types[q->kind], 0, 0, 0, q->packet, sizeof q->packet);
  if (q->packet_length < NS_HFIXEDSZ) {
    end(q, DNS_ABSENT);
    return;
  }
  random_buf((char *)q->packet, 2); /* the id */
  if (a->is_trusted) q->packet[3] |= AD_BIT; /* was the answer validated? (RFC 6840 5.7) */
  send_one(a, q);
}

/* No answer from this server; the next one, if there is one that was not asked. */
static void fail(const struct asker *a, struct dns_question *q)
{
  if (q->tries < a->server_count)
    send_one(a, q);
  else
    end(q, DNS_LATER);
}

/* The id, and the question behind the header, which is the whole of what was asked (RFC 5452 9.1). */
static bool is_to(const struct dns_question *q, const unsigned char *answer, ssize_t length)
{
  return length >= q->packet_length && answer[2] & 0x80 && !memcmp(answer, q->packet, 2) && !answer[4] && answer[5] == 1 &&
         bytes_are_nocase((const char *)answer + NS_HFIXEDSZ, (const char *)q->packet + NS_HFIXEDSZ,
                          (size_t)q->packet_length - NS_HFIXEDSZ);
}

static void receive(const struct asker *a, struct dns_question *q)
{
  static unsigned char answer[ANSWER_MAX];
  ssize_t length = recv(q->fd, answer, sizeof answer, 0);

  if (length == -1) {
    if (errno != EAGAIN && errno != EINTR) fail(a, q);
    return;
  }
  if (!is_to(q, answer, length)) return; /* somebody else's, or a forger's: the right one may still come */
  enum dns_result result = dns_answer_parse(answer, (size_t)length, q->kind, &q->list);
  q->list.is_secure = q->list.is_secure && a->is_trusted;
  if (result == DNS_LATER)
    fail(a, q);
  else
    end(q, result);
}

/* How many are open, in polls; what was not answered for a while is sent again. */
static size_t prepare(const struct asker *a, struct pollfd *polls, size_t *indexes, int64_t now, int64_t *wake)
{
  size_t open = 0;

  for (size_t i = 0; i < a->count; i++) {
    struct dns_question *q = &a->all[i];
    if (q->is_done) continue;
    if (q->fd == -1 || now - q->sent_ms >= AGAIN_MS) send_one(a, q);
    if (q->sent_ms + AGAIN_MS < *wake) *wake = q->sent_ms + AGAIN_MS;
    indexes[open] = i;
    polls[open++] = (struct pollfd){ .fd = q->fd, .events = POLLIN };
  }
  return open;
}

/* False: whoever wants to know is gone. */
static bool run(const struct asker *a, int64_t until_ms, int asker)
{
  struct pollfd *polls = calloc(a->count + 1, sizeof *polls);
  bool is_wanted = true;
  size_t *indexes = calloc(a->count, sizeof *indexes);

  if (!polls || !indexes) die_nomem();
  while (is_wanted) {
    int64_t now = dns_now_ms(), wake = until_ms;
    size_t open = prepare(a, polls, indexes, now, &wake);
    if (!open || now >= until_ms) break;
    polls[open] = (struct pollfd){ .fd = asker };
    if (poll(polls, open + 1, wake > now ? (int)(wake - now) : 0) < 1) continue;
    for (size_t i = 0; i < open; i++)
      if (polls[i].revents) receive(a, &a->all[indexes[i]]);
    is_wanted = !polls[open].revents;
  }
  free(polls);
  free(indexes);
  return is_wanted;
}

bool dns_ask(struct dns_question *all, size_t count, int64_t until_ms, int asker)
{
  struct __res_state resolver = { 0 };
  struct asker a = { .all = all, .count = count };

  if (!count) return true;
  bool is_ready = res_ninit(&resolver) != -1;
  if (is_ready) find_servers(&a, &resolver);
  a.is_trusted = is_ready && dns_trusts(&resolver);
  for (size_t i = 0; i < count; i++)
    if (a.server_count)
      begin(&a, &resolver, &all[i]);
    else {
      all[i].fd = -1;
      all[i].list.count = 0;
      end(&all[i], DNS_LATER);
    }
  bool is_wanted = !a.server_count || run(&a, until_ms, asker);
  for (size_t i = 0; i < count; i++)
    if (!all[i].is_done) end(&all[i], DNS_LATER);
  if (is_ready) res_nclose(&resolver);
  return is_wanted;
}
