#include "imap/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 65536     /* bytes that are collected before they are sent */
#define LARGE 16384          /* bytes that are not worth a copy */
#define STUCK_SECONDS 300    /* so long a client may take nothing */

static volatile sig_atomic_t is_terminated;

static void terminate(int signal)
{
  (void)signal;
  is_terminated = 1;
}

int64_t imap_wire_now(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

void imap_wire_open(struct imap_wire *w, int in, int out)
{
  struct sigaction catch = { .sa_handler = terminate }, ignore = { .sa_handler = SIG_IGN };
  sigset_t blocked;

  memset(w, 0, sizeof *w);
  w->in = in;
  w->out = out;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, 0); /* taken in while waiting only */
  sigaction(SIGTERM, &catch, 0);
  sigaction(SIGPIPE, &ignore, 0);
  imap_wire_open_again(w);
}

void imap_wire_open_again(struct imap_wire *w)
{
  fcntl(w->in, F_SETFL, fcntl(w->in, F_GETFL) | O_NONBLOCK);
  fcntl(w->out, F_SETFL, fcntl(w->out, F_GETFL) | O_NONBLOCK);
}

void imap_wire_free(struct imap_wire *w)
{
  imap_input_free(&w->input);
  text_free(&w->answer);
}

void imap_wire_put_back(struct imap_wire *w, const char *bytes, size_t length)
{
  memcpy(w->bytes, bytes, length);
  w->at = 0;
  w->length = length;
}

/* --- out --- */

static bool wait_to_write(struct imap_wire *w)
{
  struct pollfd poll = { .fd = w->out, .events = POLLOUT };
  struct timespec limit = { .tv_sec = STUCK_SECONDS };
  sigset_t none;

  sigemptyset(&none);
  for (;;) {
    int ready = ppoll(&poll, 1, &limit, &none);
    if (ready > 0) return true;
    if (ready == -1 && errno == EINTR && !is_terminated) continue; /* told to end: a half answer has no goodbye */
    w->end = ready ? IMAP_WIRE_CLOSED : IMAP_WIRE_STUCK;
    return false;
  }
}

static void send_pieces(struct imap_wire *w, struct iovec *piece, int count)
{
  while (count && w->end != IMAP_WIRE_CLOSED && w->end != IMAP_WIRE_STUCK) {
    ssize_t wrote = writev(w->out, piece, count);
    if (wrote == -1 && errno != EINTR && errno != EAGAIN) w->end = IMAP_WIRE_CLOSED;
    else if (wrote == -1 && errno == EAGAIN) wait_to_write(w);
    for (; count && wrote >= (ssize_t)piece->iov_len; piece++, count--) wrote -= (ssize_t)piece->iov_len;
    if (count && wrote > 0) {
      piece->iov_base = (char *)piece->iov_base + wrote;
      piece->iov_len -= (size_t)wrote;
    }
  }
}

void imap_wire_flush(struct imap_wire *w)
{
  struct iovec piece = { w->answer.s, w->answer.len };

  if (!w->answer.len) return;
  send_pieces(w, &piece, 1);
  text_clear(&w->answer);
}

void imap_wire_add_bytes(struct imap_wire *w, const char *bytes, size_t length)
{
  if (length >= LARGE) {
    struct iovec pieces[] = { { w->answer.s, w->answer.len }, { (void *)bytes, length } };
    send_pieces(w, pieces, 2);
    text_clear(&w->answer);
    return;
  }
  text_add_bytes(&w->answer, bytes, length);
  if (w->answer.len >= ANSWER_MAX) imap_wire_flush(w);
}

void imap_wire_add(struct imap_wire *w, const char *string)
{
  imap_wire_add_bytes(w, string, strlen(string));
}

void imap_wire_add_number(struct imap_wire *w, uint64_t number)
{
  text_add_number(&w->answer, number);
}

/* --- in --- */

enum wait { WAIT_OVER, WAIT_READABLE, WAIT_NEWS };

static int64_t least_wait(const struct imap_wire *w, int64_t silent_at, int64_t news_at)
{
  int64_t until = silent_at, now = imap_wire_now();

  if (w->deadline && w->deadline < until) until = w->deadline;
  if (news_at && news_at < until) until = news_at;
  return until > now ? until - now : 0;
}

static enum wait wait_to_read(struct imap_wire *w, int news_fd, unsigned int news_seconds)
{
  struct pollfd polls[] = { { .fd = w->in, .events = POLLIN }, { .fd = news_fd, .events = POLLIN } };
  int64_t silent_at = imap_wire_now() + w->seconds, news_at = news_seconds ? imap_wire_now() + news_seconds : 0;
  sigset_t none;

  sigemptyset(&none);
  while (!is_terminated) {
    struct timespec limit = { .tv_sec = least_wait(w, silent_at, news_at) };
    int ready = ppoll(polls, 2, &limit, &none);
    if (ready == -1 && errno != EINTR) break;
    if (ready > 0) return polls[0].revents ? WAIT_READABLE : WAIT_NEWS;
    if (ready == 0 && news_at && imap_wire_now() >= news_at) return WAIT_NEWS;
    if (ready == 0 && !least_wait(w, silent_at, 0)) {
      w->end = IMAP_WIRE_SILENT;
      return WAIT_OVER;
    }
  }
  w->end = is_terminated ? IMAP_WIRE_TERMINATED : IMAP_WIRE_CLOSED;
  return WAIT_OVER;
}

bool imap_wire_wait(struct imap_wire *w, int fd, short events, unsigned int seconds)
{
  struct pollfd poll = { .fd = fd, .events = events };
  int64_t until = imap_wire_now() + seconds;
  sigset_t none;

  sigemptyset(&none);
  while (!is_terminated) {
    int64_t left = until - imap_wire_now();
    int ready = ppoll(&poll, 1, &(struct timespec){ .tv_sec = left > 0 ? left : 0 }, &none);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
  w->end = IMAP_WIRE_TERMINATED;
  return false;
}

/* Reads when there is nothing left to work on; what was answered goes out before. */
static enum wait fill(struct imap_wire *w, int news_fd, unsigned int news_seconds)
{
  imap_wire_flush(w);
  while (w->end == IMAP_WIRE_OPEN) {
    enum wait wait = wait_to_read(w, news_fd, news_seconds);
    if (wait != WAIT_READABLE) return wait;
    ssize_t got = read(w->in, w->bytes, sizeof w->bytes);
    if (got == -1 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) {
      w->end = IMAP_WIRE_CLOSED;
      break;
    }
    w->at = 0;
    w->length = (size_t)got;
    return WAIT_READABLE;
  }
  return WAIT_OVER;
}

enum imap_input_result imap_wire_command_or_news(struct imap_wire *w, int news_fd, unsigned int news_seconds)
{
  for (;;) {
    size_t used;

    if (w->at == w->length)
      switch (fill(w, news_fd, news_seconds)) {
      case WAIT_OVER: return IMAP_INPUT_LOST;
      case WAIT_NEWS: return IMAP_INPUT_MORE;
      case WAIT_READABLE: break;
      }
    enum imap_input_result result = imap_input_add(&w->input, w->bytes + w->at, w->length - w->at, &used);
    w->at += used;
    if (result == IMAP_INPUT_CONTINUE) imap_wire_add(w, "+ OK\r\n");
    else if (result != IMAP_INPUT_MORE) return result;
  }
}

enum imap_input_result imap_wire_command(struct imap_wire *w)
{
  return imap_wire_command_or_news(w, -1, 0);
}

size_t imap_wire_take(struct imap_wire *w, uint64_t left, const char **bytes)
{
  if (w->at == w->length && fill(w, -1, 0) != WAIT_READABLE) return 0;
  size_t count = w->length - w->at;
  if (count > left) count = (size_t)left;
  *bytes = w->bytes + w->at;
  w->at += count;
  return count;
}
