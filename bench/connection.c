/* A connection, plain or TLS, read by lines. */
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/load.h"

bool connection_open(struct connection *c, const struct sockaddr_in *server)
{
  struct timeval limit = { 60, 0 };
  int one = 1;
  c->ssl = 0;
  c->start = c->end = 0;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c->fd == -1) return false;
  setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (const struct sockaddr *)server, sizeof *server) == 0) return true;
  close(c->fd);
  c->fd = -1;
  return false;
}

void connection_close(struct connection *c)
{
  if (c->ssl) {
    SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
  }
  if (c->fd != -1) close(c->fd);
  c->ssl = 0;
  c->fd = -1;
}

bool connection_secure(struct connection *c, SSL_CTX *tls)
{
  c->start = c->end = 0;
  c->ssl = SSL_new(tls);
  return c->ssl && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_connect(c->ssl) == 1;
}

bool send_bytes(struct connection *c, const char *bytes, size_t length)
{
  while (length) {
    ssize_t n = c->ssl ? SSL_write(c->ssl, bytes, length > INT32_MAX ? INT32_MAX : (int)length) : send(c->fd, bytes, length, MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes += n;
    length -= (size_t)n;
  }
  return true;
}

bool say(struct connection *c, const char *line)
{
  return send_bytes(c, line, strlen(line));
}

static bool receive_more(struct connection *c)
{
  if (c->start) memmove(c->bytes, c->bytes + c->start, c->end - c->start);
  c->end -= c->start;
  c->start = 0;
  size_t room = sizeof c->bytes - c->end;
  if (!room) return false;
  ssize_t n = c->ssl ? SSL_read(c->ssl, c->bytes + c->end, (int)room) : recv(c->fd, c->bytes + c->end, room, 0);
  if (n <= 0) return false;
  c->end += (size_t)n;
  return true;
}

char *read_line(struct connection *c)
{
  size_t searched = 0;
  for (;;) {
    char *line = c->bytes + c->start;
    char *end = memchr(line + searched, '\n', c->end - c->start - searched);
    if (end) {
      c->start = (size_t)(end + 1 - c->bytes);
      *end = 0;
      if (end > line && end[-1] == '\r') end[-1] = 0;
      return line;
    }
    searched = c->end - c->start;
    if (!receive_more(c)) return 0;
  }
}

bool has_line(const struct connection *c)
{
  return memchr(c->bytes + c->start, '\n', c->end - c->start) != 0;
}
