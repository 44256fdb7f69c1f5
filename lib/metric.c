#include "lib/metric.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "lib/die.h"

void metric_add_head(text *out, const char *name, const char *type, const char *help)
{
  text_add_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_add(text *out, const char *name, const char *type, const char *help, uint64_t value)
{
  metric_add_head(out, name, type, help);
  text_add_format(out, "%s %llu\n", name, (unsigned long long)value);
}

void metric_read(const char *path, text *before)
{
  text_clear(before);
  if (!openslurpclose(before, path) && errno != ENOENT) strerr_warnwu("read ", path);
  text_string(before);
}

uint64_t metric_last(const text *before, const char *name)
{
  size_t length = strlen(name);

  for (const char *line = before->s; line && *line; line = strchr(line, '\n'), line += line != 0)
    if (!strncmp(line, name, length) && line[length] == ' ') return strtoull(line + length + 1, 0, 10);
  return 0;
}

/* What a power cut takes is written anew soon, and nothing but a counter's past is lost. */
void metric_write(const char *path, const char *aside, const text *bytes)
{
  int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

  if (fd == -1 && errno == ENOENT) return;
  bool good = fd != -1 && !fchmod(fd, 0644) && allwrite(fd, bytes->s, bytes->len) == bytes->len;
  if (fd != -1 && close(fd) == -1) good = false;
  if (!good || rename(aside, path) == -1) strerr_warnwu("write ", path);
}
