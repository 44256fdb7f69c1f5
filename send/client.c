#include "send/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/conf.h"

enum { REPLY_SECONDS = 300, END_SECONDS = 600, QUIT_SECONDS = 2, SECONDS_MAX = 86400, SERVICE_ENDS = 421 };

void send_client_init(struct client *c)
{
  c->may_chunk = !c->cannot_chunk && conf_is_yes("sendchunking", true);
  c->seconds = (unsigned int)conf_number("timeoutremote", REPLY_SECONDS, SECONDS_MAX);
  c->end_seconds = (unsigned int)conf_number("timeoutremote", END_SECONDS, SECONDS_MAX);
}

static int64_t now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False: the time is over. */
static bool wait_until(int fd, short events, int64_t deadline)
{
  struct pollfd p = { .fd = fd, .events = events };

  for (;;) {
    int64_t left = deadline - now_ms();
    int n = poll(&p, 1, left < 0 ? 0 : (int)left);
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

void send_client_limit(struct client *c, unsigned int seconds) { c->until_ms = now_ms() + (int64_t)seconds * 1000; }

static int64_t deadline_in(const struct client *c, unsigned int seconds)
{
  int64_t deadline = now_ms() + (int64_t)seconds * 1000;
  return c->until_ms && c->until_ms < deadline ? c->until_ms : deadline;
}

unsigned int send_client_left(const struct client *c, unsigned int seconds)
{
  int64_t left = (deadline_in(c, seconds) - now_ms()) / 1000;
  return left < 1 ? 1 : (unsigned int)left;
}

static bool fail(struct client *c, const char *trouble)
{
  c->trouble = trouble;
  return false;
}

void send_client_close(struct client *c)
{
  if (c->fd != -1) close(c->fd);
  c->fd = -1;
}

static void start(struct client *c, int fd)
{
  c->fd = fd;
  c->in_start = c->in_end = 0;
  c->offers = (struct extensions){ .size_max = 0 };
  send_reply_clear(&c->reply);
  text_clear(&c->out);
}

void send_client_aim(struct client *c, const char *host, const char *address, unsigned int port)
{
  send_client_close(c);
  text_clear(&c->remote);
  text_add_format(&c->remote, "%s[%s]:%u", host, address, port);
  text_clear(&c->tls);
  text_clear(&c->fingerprint);
  text_clear(&c->certificate);
  text_clear(&c->login);
  text_clear(&c->offered);
  c->needs_reset = c->is_used = c->was_late = false;
  send_reply_clear(&c->reply);
}

void send_client_miss(struct client *c, const char *trouble, bool was_late)
{
  c->trouble = trouble;
  c->was_late = was_late;
}

void send_client_take(struct client *c, int fd)
{
  int on = 1;

  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* without it mail only flows more slowly */
  start(c, fd);
}

static bool has_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
  if (a->ss_family != b->ss_family) return false;
  if (a->ss_family == AF_INET)
    return ((const struct sockaddr_in *)a)->sin_addr.s_addr == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
  return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr, &((const struct sockaddr_in6 *)b)->sin6_addr,
                 sizeof(struct in6_addr));
}

bool send_client_is_own(const struct client *c)
{
  struct sockaddr_storage near, far;
  socklen_t near_length = sizeof near, far_length = sizeof far;

  return !getsockname(c->fd, (struct sockaddr *)&near, &near_length) &&
         !getpeername(c->fd, (struct sockaddr *)&far, &far_length) && has_same_address(&near, &far);
}

void send_client_go_on(struct client *c, int plain)
{
  send_client_close(c);
  start(c, plain);
}

void send_client_say(struct client *c, const char *command, const char *argument)
{
  text_add(&c->out, command);
  text_add(&c->out, argument);
  text_add_bytes(&c->out, "\r\n", 2);
}

/* Nothing can be sent any more; perhaps the server has said why. */
static bool hear_last_words(struct client *c)
{
  if (send_client_hear(c, 0) && c->reply.code < 400) send_reply_clear(&c->reply);
  return fail(c, "closed the connection");
}

static void skip(struct iovec **parts, int *count, size_t sent)
{
  while (*count && sent >= (*parts)->iov_len) {
    sent -= (*parts)->iov_len;
    ++*parts;
    --*count;
  }
  if (!*count) return;
  (*parts)->iov_base = (char *)(*parts)->iov_base + sent;
  (*parts)->iov_len -= sent;
}

bool send_client_send(struct client *c, struct iovec *parts, int count)
{
  int64_t deadline = 0;

  while (count) {
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = (size_t)count };
    ssize_t sent = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      skip(&parts, &count, (size_t)sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return hear_last_words(c);
    if (!deadline) deadline = deadline_in(c, c->seconds);
    if (!wait_until(c->fd, POLLOUT, deadline)) {
      send_reply_clear(&c->reply);
      c->was_late = true;
      return fail(c, "took too long to read what we sent");
    }
  }
  return true;
}

bool send_client_flush(struct client *c)
{
  struct iovec part = { .iov_base = c->out.s, .iov_len = c->out.len };
  bool sent = !c->out.len || send_client_send(c, &part, 1);

  text_clear(&c->out);
  return sent;
}

static bool fill(struct client *c, int64_t deadline)
{
  ssize_t got;

  if (!wait_until(c->fd, POLLIN, deadline)) {
    c->was_late = true;
    return fail(c, "did not answer in time");
  }
  do got = recv(c->fd, c->in, sizeof c->in, MSG_DONTWAIT);
  while (got == -1 && errno == EINTR);
  if (got == -1 && errno == EAGAIN) return true;
  if (got <= 0) return fail(c, "closed the connection");
  c->in_start = 0;
  c->in_end = (size_t)got;
  return true;
}

bool send_client_hear(struct client *c, unsigned int seconds)
{
  int64_t deadline = deadline_in(c, seconds);

  send_reply_clear(&c->reply);
  c->trouble = 0;
  for (;;) {
    size_t used;
    enum reply_result result = send_reply_parse(&c->reply, c->in + c->in_start, c->in_end - c->in_start, &used);
    c->in_start += used;
    if (result == REPLY_DONE) return c->reply.code != SERVICE_ENDS;
    if (result == REPLY_BROKEN) {
      send_reply_clear(&c->reply);
      return fail(c, "answered with something that is no SMTP reply");
    }
    if (!fill(c, deadline)) {
      send_reply_clear(&c->reply);
      return false;
    }
  }
}

bool send_client_has_words(const struct client *c) { return c->in_start < c->in_end || wait_until(c->fd, POLLIN, 0); }

/* The end of the connection, or 421, comes when it comes. Any other reply would be taken for that to the next command. */
bool send_client_is_quiet(struct client *c)
{
  if (!send_client_has_words(c)) return true;
  if (!send_client_hear(c, 0) && (c->reply.code || !c->was_late)) return false;
  send_reply_clear(&c->reply);
  c->was_late = false;
  return fail(c, "spoke before it was asked");
}

/* Who has ended asks again when he is back: by then it must not have been sent. */
bool send_client_is_wanted(struct client *c)
{
  struct pollfd p = { .fd = c->asker };

  if (poll(&p, 1, 0) < 1 || !(p.revents & POLLHUP)) return true;
  send_reply_clear(&c->reply);
  return fail(c, "was left, for who asked has ended,");
}

/* It may refuse the message before its end, but not accept it. */
bool send_client_is_patient(struct client *c)
{
  if (!send_client_is_wanted(c)) return false;
  if (!send_client_has_words(c)) return true;
  if (!send_client_hear(c, c->seconds) || c->reply.code >= 400) return false;
  send_reply_clear(&c->reply);
  return fail(c, "answered before the message had ended");
}

bool send_client_ask(struct client *c, const char *command, const char *argument)
{
  if (!send_client_is_quiet(c)) return false;
  send_client_say(c, command, argument);
  return send_client_flush(c) && send_client_hear(c, c->seconds);
}

void send_client_explain(const struct client *c, const char *when, struct outcome *o)
{
  text remote = TEXT_ZERO;

  text_add_text(&remote, &c->remote);
  if (c->reply.code >= 400)
    send_outcome_take(o, &c->reply, "3.2");
  else
    send_outcome_say(o, OUTCOME_LATER, "4.4.2", text_string(&remote), " ", c->trouble ? c->trouble : "failed", " ",
                     when, (char *)0);
  text_free(&remote);
}

void send_client_quit(struct client *c)
{
  if (c->fd == -1) return;
  send_client_say(c, "QUIT", "");
  if (send_client_flush(c)) send_client_hear(c, QUIT_SECONDS);
  send_client_close(c);
}
