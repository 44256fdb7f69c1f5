#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/die.h"
#include "queue/look.h"

enum { MOST_LOGS = 16 * 1024, LOG_BYTES_MAX = 4 << 20 }; /* send-schedule keeps them below 1 MiB and an attempt */

/* Almost always by one read: it is short. */
static bool read_log(int fd, text *log)
{
  text_clear(log);
  for (;;) {
    size_t wanted = log->len ? LOG_BYTES_MAX : MOST_LOGS;
    text_ready(log, wanted);
    ssize_t count = read(fd, log->s + log->len, wanted);
    if (count == -1 && errno == EINTR) continue;
    if (count == -1) return false;
    log->len += (size_t)count;
    if ((size_t)count < wanted) return true;
  }
}

void queue_look_hear(struct queue_look *l)
{
  static text log = TEXT_ZERO, path = TEXT_ZERO;

  if (l->said) return;
  l->said = calloc(l->file.envelope.count, sizeof *l->said);
  if (!l->said) die_nomem();
  int fd = open(queue_path_log(&path, l->file.envelope.id.s), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd == -1) return;
  if (read_log(fd, &log)) said_read_last(l->said, &l->file.envelope, log.s, log.len);
  close(fd);
}

enum queue_result queue_look_glance(struct queue_look *l, const char *id)
{
  enum queue_result result = queue_open_waiting(&l->file, id, O_RDONLY);

  if (result == QUEUE_BROKEN && errno != EBADMSG)
    die_unable("read the message ", id);
  else if (result != QUEUE_FOUND && result != QUEUE_ABSENT)
    strerr_warnw(id, ": not whole, or not as doc/queue.md says: run queue-check");
  return result;
}

enum queue_result queue_look_open(struct queue_look *l, const char *id)
{
  enum queue_result result = queue_look_glance(l, id);

  if (result == QUEUE_FOUND) queue_look_hear(l);
  return result;
}

void queue_look_close(struct queue_look *l)
{
  for (size_t i = 0; l->said && i < l->file.envelope.count; i++) said_free(&l->said[i]);
  free(l->said);
  l->said = 0;
  queue_close(&l->file);
}
