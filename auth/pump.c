#include "auth/pump.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  WAY_BYTES = 16384,      /* a TLS record holds as much */
  IDLE_MS = 1000,         /* so long without a byte: give memory back, then wait for ever */
  LINGER_MS = 30 * 1000,  /* the program has gone: so long may the other side take to read what is left */
  GOODBYE_MS = 2 * 1000   /* and so long to close, after it has everything */
};

enum way_state { WAY_OPEN, WAY_ENDED, WAY_CLOSED }; /* ended: the source has no more; closed: the sink knows it */

struct way {
  char *bytes;
  size_t start, end;
  enum way_state state;
  bool tls_waits_to_write; /* this way's TLS call goes on when the socket can be written, otherwise when read */
};

struct pump {
  struct tls *tls;
  int socket, plain;
  struct way in;  /* from TLS to the program */
  struct way out; /* from the program to TLS */
  bool tls_may_have_more; /* bytes that were read ahead, which poll does not tell of */
  bool program_is_gone, peer_is_gone;
};

static bool is_empty(const struct way *w) { return w->start == w->end; }

/* What both ways wait for. A way whose buffer is empty waits for its source, otherwise for its sink. */
static void set_events(const struct pump *p, struct pollfd *socket, struct pollfd *plain)
{
  const struct way *in = &p->in, *out = &p->out;

  socket->events = plain->events = 0;
  if (!is_empty(in))
    plain->events |= POLLOUT;
  else if (in->state == WAY_OPEN)
    socket->events |= in->tls_waits_to_write ? POLLOUT : POLLIN;
  if (!is_empty(out) || out->state == WAY_ENDED)
    socket->events |= out->tls_waits_to_write ? POLLOUT : POLLIN;
  else if (out->state == WAY_OPEN)
    plain->events |= POLLIN;
}

/* The program's next write fails, so that it does not wait for us while we wait for it to read. */
static void lose_peer(struct pump *p)
{
  p->peer_is_gone = true;
  shutdown(p->plain, SHUT_RD);
  p->in.state = p->in.state == WAY_OPEN ? WAY_ENDED : p->in.state;
  p->out.state = WAY_CLOSED;
  p->out.start = p->out.end = 0;
}

static void lose_program(struct pump *p)
{
  p->program_is_gone = true;
  p->in.state = WAY_CLOSED;
  p->in.start = p->in.end = 0;
}

static void read_tls(struct pump *p)
{
  size_t got = 0;

  p->tls_may_have_more = false;
  switch (tls_read(p->tls, p->in.bytes, WAY_BYTES, &got)) {
  case TLS_DONE:
    p->in.start = 0;
    p->in.end = got;
    p->tls_may_have_more = tls_has_pending(p->tls);
    break;
  case TLS_WANTS_READ: p->in.tls_waits_to_write = false; break;
  case TLS_WANTS_WRITE: p->in.tls_waits_to_write = true; break;
  case TLS_ENDED: p->in.state = WAY_ENDED; break;
  case TLS_BROKEN: lose_peer(p); break;
  }
}

static void write_plain(struct pump *p)
{
  while (!is_empty(&p->in)) {
    ssize_t put = send(p->plain, p->in.bytes + p->in.start, p->in.end - p->in.start, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put == -1 && errno == EINTR) continue;
    if (put == -1 && errno == EAGAIN) return;
    if (put == -1) {
      lose_program(p);
      return;
    }
    p->in.start += (size_t)put;
  }
  if (p->in.state == WAY_ENDED) {
    shutdown(p->plain, SHUT_WR);
    p->in.state = WAY_CLOSED;
  }
}

static void read_plain(struct pump *p)
{
  ssize_t got = recv(p->plain, p->out.bytes, WAY_BYTES, MSG_DONTWAIT);

  p->out.tls_waits_to_write = true;
  if (got > 0) {
    p->out.start = 0;
    p->out.end = (size_t)got;
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR))
    p->out.state = WAY_ENDED;
}

static void write_tls(struct pump *p)
{
  struct way *out = &p->out;

  while (!is_empty(out) || out->state == WAY_ENDED) {
    size_t put = 0;
    enum tls_result result =
        is_empty(out) ? tls_end(p->tls) : tls_write(p->tls, out->bytes + out->start, out->end - out->start, &put);
    switch (result) {
    case TLS_DONE: break;
    case TLS_WANTS_READ: out->tls_waits_to_write = false; return;
    case TLS_WANTS_WRITE: out->tls_waits_to_write = true; return;
    default: lose_peer(p); return;
    }
    if (is_empty(out))
      out->state = WAY_CLOSED;
    else
      out->start += put;
  }
  out->tls_waits_to_write = true;
}

static void work(struct pump *p, short socket_events, short plain_events)
{
  if (socket_events) p->tls_may_have_more = true;
  if (socket_events & (POLLERR | POLLHUP)) p->peer_is_gone = true;
  if (plain_events & (POLLERR | POLLHUP)) lose_program(p);
  write_plain(p);
  while (is_empty(&p->in) && p->in.state == WAY_OPEN && p->tls_may_have_more) {
    read_tls(p);
    write_plain(p);
  }
  if (is_empty(&p->out) && p->out.state == WAY_OPEN && plain_events) read_plain(p);
  write_tls(p);
}

/* After an idle second: memory that the handshake used and freed, and the buffers, go back to the kernel. */
static void give_memory_back(struct pump *p)
{
  malloc_trim(0);
  if (is_empty(&p->in)) madvise(p->in.bytes, WAY_BYTES, MADV_DONTNEED);
  if (is_empty(&p->out)) madvise(p->out.bytes, WAY_BYTES, MADV_DONTNEED);
}

static void carry(struct pump *p)
{
  bool is_idle = false;

  while (p->in.state != WAY_CLOSED || p->out.state != WAY_CLOSED) {
    struct pollfd fds[2] = { { .fd = p->socket }, { .fd = p->plain } };
    set_events(p, &fds[0], &fds[1]);
    if (!fds[0].events && p->peer_is_gone) fds[0].fd = -1; /* poll tells of a hang-up without being asked, */
    if (!fds[1].events && p->program_is_gone) fds[1].fd = -1; /* but once is enough */
    int n = poll(fds, 2, p->program_is_gone ? LINGER_MS : is_idle ? -1 : IDLE_MS);
    if (n == -1 && errno == EINTR) continue;
    if (n == -1 || (n == 0 && p->program_is_gone)) return;
    if (n == 0) give_memory_back(p);
    is_idle = n == 0;
    if (n) work(p, fds[0].revents, fds[1].revents);
  }
}

/* A socket that is closed with unread bytes makes TCP throw away what is still on its way to the other side. So: say
   that we are done, and read what comes, for a moment. */
static void say_goodbye(struct pump *p)
{
  struct pollfd wanted = { .fd = p->socket, .events = POLLIN };

  if (p->peer_is_gone || shutdown(p->socket, SHUT_WR) == -1) return;
  for (int i = 0; i < 16 && poll(&wanted, 1, GOODBYE_MS) > 0; i++)
    if (recv(p->socket, p->in.bytes, WAY_BYTES, 0) <= 0) return;
}

bool auth_pump_run(struct tls *tls, int socket, int plain)
{
  struct pump p = { .tls = tls, .socket = socket, .plain = plain };
  char *memory = mmap(0, 2 * WAY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED) return false;
  p.in.bytes = memory;
  p.out.bytes = memory + WAY_BYTES;
  p.tls_may_have_more = tls_has_pending(tls);
  work(&p, 0, 0);
  carry(&p);
  say_goodbye(&p);
  munmap(memory, 2 * WAY_BYTES);
  return true;
}
