/* Watches Maildirs for what is delivered. */
#include <dirent.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "bench/load.h"

void watch_open(struct watch *watch, const char *pattern)
{
  if (glob(pattern, 0, 0, &watch->folders) != 0) die("find", pattern);
  watch->fd = inotify_init1(IN_CLOEXEC);
  if (watch->fd == -1) die("watch", pattern);
  for (size_t i = 0; i < watch->folders.gl_pathc; i++)
    if (inotify_add_watch(watch->fd, watch->folders.gl_pathv[i], IN_CREATE | IN_MOVED_TO) == -1) die("watch", watch->folders.gl_pathv[i]);
}

void *watch_follow(void *argument)
{
  struct watch *watch = argument;
  char *events = allocate(1, 1 << 18);
  for (ssize_t n; (n = read(watch->fd, events, 1 << 18)) > 0; nap(0.001)) {
    double when = now();
    long count = 0;
    for (char *p = events; p < events + n;) {
      const struct inotify_event *event = (const void *)p;
      if (event->mask & IN_Q_OVERFLOW) watch->overflow = true;
      if (event->len) count++;
      p += sizeof *event + event->len;
    }
    watch->last = when;
    watch->seen += count;
  }
  free(events);
  return 0;
}

long watch_count(const struct watch *watch)
{
  long count = 0;
  for (size_t i = 0; i < watch->folders.gl_pathc; i++) {
    DIR *folder = opendir(watch->folders.gl_pathv[i]);
    if (!folder) die("read", watch->folders.gl_pathv[i]);
    for (struct dirent *entry; (entry = readdir(folder));)
      if (entry->d_name[0] != '.') count++;
    closedir(folder);
  }
  return count;
}

void watch_wait(struct watch *watch, long wanted, long seconds)
{
  long seen = 0;
  for (double moved = now(); seen < wanted && now() - moved < (double)seconds; nap(0.002))
    if (watch->seen != seen) {
      seen = watch->seen;
      moved = now();
    }
}
