#include "send/race.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void send_race_add(struct race *r, const char *address, const char *source)
{
  assert(r->count < RACE_MAX);
  r->runners[r->count++] = (struct runner){ .address = address, .source = source, .fd = -1 };
}

static socklen_t fill_address(struct sockaddr_storage *to, const char *address, unsigned int port)
{
  struct sockaddr_in *v4 = (struct sockaddr_in *)to;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

  memset(to, 0, sizeof *to);
  if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1) return 0;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  return sizeof *v6;
}

static bool is_no_way(int error)
{
  return error == ENETUNREACH || error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/* The port is chosen when the other end is known, so that two connections may come from one (ip(7)). */
static bool bind_source(int fd, const char *source)
{
  struct sockaddr_storage from;
  socklen_t length = fill_address(&from, source, 0);
  int on = 1;

  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on); /* without it there are only fewer */
  return length && !bind(fd, (struct sockaddr *)&from, length);
}

static void let_go(struct runner *one)
{
  if (one->fd != -1) close(one->fd);
  one->fd = -1;
}

static void fail(struct runner *one, const char *trouble)
{
  let_go(one);
  one->trouble = trouble;
  one->is_over = true;
}

static void fail_begin(struct runner *one, bool is_source)
{
  int error = errno; /* before the socket is closed */

  one->has_no_way = is_no_way(error);
  fail(one, is_source && error == EADDRNOTAVAIL ? "the rule's source address is not one of this host's" : strerror(error));
}

static void begin(const struct race *r, struct runner *one, unsigned int seconds)
{
  struct sockaddr_storage to;
  socklen_t length = fill_address(&to, one->address, r->port);

  one->until_ms = now_ms() + (int64_t)seconds * 1000;
  if (!length) {
    fail(one, "has no usable address");
    return;
  }
  one->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (one->fd == -1)
    fail_begin(one, false);
  else if (*one->source && !bind_source(one->fd, one->source))
    fail_begin(one, true);
  else if (connect(one->fd, (struct sockaddr *)&to, length) == -1 && errno != EINPROGRESS)
    fail_begin(one, false);
}

/* True: it is connected. */
static bool look(struct runner *one, bool has_news)
{
  int error = 0;
  socklen_t length = sizeof error;

  if (!has_news) {
    if (now_ms() < one->until_ms) return false;
    one->is_late = true;
    fail(one, strerror(ETIMEDOUT));
    return false;
  }
  if (getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1) error = errno;
  if (!error) return true;
  one->is_late = error == ETIMEDOUT;
  fail(one, strerror(error));
  return false;
}

static struct runner *next(struct race *r)
{
  for (unsigned int i = 0; i < r->count; i++)
    if (!r->runners[i].is_over && r->runners[i].fd == -1) return &r->runners[i];
  return 0;
}

/* Until there is news, somebody's time is over, or the next one is to be begun. */
static void wait_for_news(const struct race *r, struct pollfd polls[RACE_MAX], int64_t wake)
{
  for (unsigned int i = 0; i < r->count; i++) {
    polls[i] = (struct pollfd){ .fd = r->runners[i].fd, .events = POLLOUT };
    if (r->runners[i].fd != -1 && r->runners[i].until_ms < wake) wake = r->runners[i].until_ms;
  }
  int64_t left = wake - now_ms();
  if (poll(polls, r->count, left < 0 ? 0 : (int)left) == -1)
    for (unsigned int i = 0; i < r->count; i++) polls[i].revents = 0;
}

static bool is_running(const struct race *r)
{
  for (unsigned int i = 0; i < r->count; i++)
    if (r->runners[i].fd != -1) return true;
  return false;
}

/* The socket is the caller's now. */
static int finish(struct race *r, struct runner *winner)
{
  int fd = winner->fd;

  winner->fd = -1;
  winner->is_over = true;
  for (unsigned int i = 0; i < r->count; i++) let_go(&r->runners[i]);
  return fd;
}

int send_race_run(struct race *r, unsigned int seconds, struct runner **winner)
{
  struct pollfd polls[RACE_MAX];
  int64_t next_ms = 0;

  for (;;) {
    struct runner *one = next(r);
    if (one && (!is_running(r) || now_ms() >= next_ms)) {
      begin(r, one, seconds);
      next_ms = one->fd == -1 ? 0 : now_ms() + RACE_DELAY_MS;
      continue;
    }
    if (!is_running(r)) return -1;
    wait_for_news(r, polls, one ? next_ms : INT64_MAX);
    for (unsigned int i = 0; i < r->count; i++) {
      struct runner *at = &r->runners[i];
      if (at->fd == -1) continue;
      if (look(at, polls[i].revents)) {
        *winner = at;
        return finish(r, at);
      }
      if (at->is_over) next_ms = 0;
    }
  }
}
