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

static void *make(size_t size)
{
  void *memory = calloc(1, size);

  if (!memory) die_nomem();
  return memory;
}

static void open_slots(struct children *c, unsigned int most, bool is_shared)
{
  c->slot_count = most ? most : 1;
  size_t size = c->slot_count * sizeof *c->slots;
  c->slots = is_shared ? mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) : make(size);
  if (c->slots == MAP_FAILED) die_unable("map the memory that sessions share");
  c->free_slots = make(c->slot_count * sizeof *c->free_slots);
  while (c->free_count < c->slot_count) {
    c->free_slots[c->free_count] = c->slot_count - 1 - c->free_count;
    c->free_count++;
  }
}

unsigned int children_next_slot(const struct children *c) { return c->free_slots[c->free_count - 1]; }

void children_add(struct children *c, pid_t pid, const struct network *network)
{
  if (c->count == c->room) {
    c->room = c->room ? c->room * 2 : 64;
    c->list = realloc(c->list, c->room * sizeof *c->list);
    if (!c->list) die_nomem();
  }
  if (!c->free_count) die_permanent("more children than there is room for");
  unsigned int slot = c->free_slots[--c->free_count];
  c->list[c->count++] = (struct child){ .pid = pid, .slot = slot };
  if (network) children_tell(c, slot, network);
}

void children_tell(struct children *c, unsigned int slot, const struct network *network)
{
  c->slots[slot] = (struct child_slot){ .network = *network, .is_counted = true };
}

static void drop(struct children *c, pid_t pid)
{
  for (unsigned int i = 0; i < c->count; i++)
    if (c->list[i].pid == pid) {
      unsigned int slot = c->list[i].slot;
      c->slots[slot].is_counted = false;
      c->free_slots[c->free_count++] = slot;
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

  for (unsigned int i = 0; i < c->slot_count; i++)
    count += c->slots[i].is_counted && network_is(&c->slots[i].network, network);
  return count;
}

void children_signal(const struct children *c, int signal)
{
  for (unsigned int i = 0; i < c->count; i++)
    if (c->list[i].pid > 1) kill(c->list[i].pid, signal);
}

struct kept {
  pid_t pid;
  struct child_slot slot;
};

void children_keep(const struct children *c)
{
  int fd = memfd_create("children", 0);
  char number[16];

  if (fd == -1) die_unable("keep the list of sessions");
  for (unsigned int i = 0; i < c->count; i++) {
    struct kept one = { .pid = c->list[i].pid, .slot = c->slots[c->list[i].slot] };
    if (write(fd, &one, sizeof one) != (ssize_t)sizeof one) die_unable("keep the list of sessions");
  }
  snprintf(number, sizeof number, "%d", fd);
  if (setenv(variable, number, 1) == -1) die_nomem();
}

static int kept_file(void)
{
  const char *value = getenv(variable);
  uint64_t fd;

  if (!value || !number_scan(value, 1 << 20, &fd)) return -1;
  unsetenv(variable);
  return (int)fd;
}

bool children_take(struct children *c, unsigned int most, bool is_shared)
{
  int fd = kept_file();
  off_t size = fd == -1 ? 0 : lseek(fd, 0, SEEK_END);
  struct kept one;

  open_slots(c, most + (unsigned int)(size > 0 ? size / (off_t)sizeof one : 0), is_shared);
  if (fd == -1) return false;
  for (off_t at = 0; pread(fd, &one, sizeof one, at) == (ssize_t)sizeof one; at += (off_t)sizeof one)
    children_add(c, one.pid, one.slot.is_counted ? &one.slot.network : 0);
  close(fd);
  return true;
}
