#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/children.h"
#include "lib/die.h"
#include "lib/text.h"

static const char variable[] = "SERVE_CHILDREN";

void children_add(struct children *c, pid_t pid, const struct network *network)
{
  if (c->count == c->room) {
    c->room = c->room ? c->room * 2 : 64;
    c->list = realloc(c->list, c->room * sizeof *c->list);
    if (!c->list) die_nomem();
  }
  c->list[c->count++] = (struct child){ .pid = pid, .network = *network };
}

static void drop(struct children *c, pid_t pid)
{
  for (unsigned int i = 0; i < c->count; i++)
    if (c->list[i].pid == pid) {
      c->list[i] = c->list[--c->count];
      return;
    }
}

unsigned int children_reap(struct children *c)
{
  unsigned int ended = 0;
  int status;

  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0; ended++) drop(c, pid);
  return ended;
}

unsigned int children_of(const struct children *c, const struct network *network)
{
  unsigned int count = 0;

  for (unsigned int i = 0; i < c->count; i++) count += network_is(&c->list[i].network, network);
  return count;
}

void children_signal(const struct children *c, int signal)
{
  for (unsigned int i = 0; i < c->count; i++)
    if (c->list[i].pid > 1) kill(c->list[i].pid, signal);
}

void children_keep(const struct children *c)
{
  size_t size = c->count * sizeof *c->list;
  int fd = memfd_create("children", 0);
  char number[16];

  if (fd == -1 || (size && write(fd, c->list, size) != (ssize_t)size)) die_unable("keep the list of sessions");
  snprintf(number, sizeof number, "%d", fd);
  if (setenv(variable, number, 1) == -1) die_nomem();
}

bool children_take(struct children *c)
{
  const char *value = getenv(variable);
  struct child child;
  uint64_t fd;

  if (!value || !number_scan(value, 1 << 20, &fd)) return false;
  unsetenv(variable);
  for (off_t at = 0; pread((int)fd, &child, sizeof child, at) == (ssize_t)sizeof child; at += (off_t)sizeof child)
    children_add(c, child.pid, &child.network);
  close((int)fd);
  return true;
}
