/* The small tools of the load generator. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/load.h"

void die(const char *what, const char *which)
{
  fprintf(stderr, "load: fatal: %s %s: %s\n", what, which, strerror(errno));
  exit(111);
}

void die_usage(const char *what)
{
  fprintf(stderr, "load: usage: load smtp|sink|login name=value ...: %s\n", what);
  exit(100);
}

double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void nap(double seconds)
{
  struct timespec t = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
  nanosleep(&t, 0);
}

void *allocate(size_t count, size_t size)
{
  void *bytes = calloc(count ? count : 1, size);
  if (!bytes) die("allocate", "memory");
  return bytes;
}

bool fail(struct run *run, const char *step, const char *said)
{
  pthread_mutex_lock(&run->lock);
  if (!run->failed++) snprintf(run->error, sizeof run->error, "%s: %.200s", step, said);
  pthread_mutex_unlock(&run->lock);
  nap(0.01);
  return false;
}

void fill(char *out, size_t size, const char *pattern, long number)
{
  const char *mark = strstr(pattern, "%d");
  if (mark)
    snprintf(out, size, "%.*s%ld%s", (int)(mark - pattern), pattern, number, mark + 2);
  else
    snprintf(out, size, "%s", pattern);
}

void thread_start(pthread_t *thread, void *(*work)(void *), void *argument)
{
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  errno = pthread_create(thread, &attributes, work, argument);
  if (errno) die("start", "a thread");
  pthread_attr_destroy(&attributes);
}
