#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>

#include "lib/proxy.h"

static int64_t now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* More bytes, looked at but left in the socket; 0 if none came in time. */
static size_t peek(int socket, int64_t deadline_ms, char *bytes, size_t room)
{
  struct pollfd client = { .fd = socket, .events = POLLIN };

  for (;;) {
    int64_t left = deadline_ms - now_ms();
    int ready = left > 0 ? poll(&client, 1, (int)left) : 0;
    if (ready == -1 && errno == EINTR) continue;
    if (ready <= 0) return 0;
    ssize_t length = recv(socket, bytes, room, MSG_PEEK | MSG_DONTWAIT);
    if (length == -1 && (errno == EINTR || errno == EAGAIN)) continue;
    return length > 0 ? (size_t)length : 0;
  }
}

static bool take(int socket, char *bytes, size_t length)
{
  return recv(socket, bytes, length, MSG_DONTWAIT) == (ssize_t)length;
}

bool proxy_read(int socket, unsigned int seconds, struct proxy *p, const char **reason)
{
  char bytes[PROXY_MAX_BYTES];
  size_t length = 0, more, used;
  int64_t deadline_ms = now_ms() + (int64_t)seconds * 1000;

  while ((more = peek(socket, deadline_ms, bytes + length, sizeof bytes - length))) {
    enum proxy_result result = proxy_parse(p, bytes, length + more, &used);
    *reason = "no PROXY header";
    if (result == PROXY_BAD) return false;
    if (!take(socket, bytes + length, result == PROXY_DONE ? used - length : more)) break;
    if (result == PROXY_DONE) return true;
    length += more;
  }
  *reason = "the PROXY header did not come";
  return false;
}
