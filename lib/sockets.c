#include "lib/sockets.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/text.h"

void sockets_add(struct sockets *s, int fd)
{
  if (s->count == SOCKETS_MAX) die_permanent("more sockets than there is room for");
  s->list[s->count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

void sockets_take(struct sockets *s)
{
  const char *names = getenv("SERVE_SOCKETS");
  uint64_t fd;

  sockets_add(s, 0);
  while (names && *names) {
    size_t length = strcspn(names, " ");
    if (!number_scan_bytes(names, length, INT32_MAX, &fd) || fd < 3) die_permanent("SERVE_SOCKETS does not name sockets");
    sockets_add(s, (int)fd);
    names += length + (names[length] == ' ');
  }
}

int sockets_wait(struct sockets *s, const sigset_t *signals)
{
  if (ppoll(s->list, s->count, 0, signals) < 1) return -1;
  for (unsigned int i = 0; i < s->count; i++) {
    s->last = (s->last + 1) % s->count;
    if (s->list[s->last].revents) return s->list[s->last].fd;
  }
  return -1;
}

void sockets_close(struct sockets *s)
{
  for (unsigned int i = 0; i < s->count; i++) close(s->list[i].fd);
}

void sockets_close_others(struct sockets *s)
{
  for (unsigned int i = 1; i < s->count; i++) close(s->list[i].fd);
}
