#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <skalibs/djbunix.h>

#include "lib/die.h"
#include "queue/look.h"

static void read_said(struct queue_look *l)
{
  text log = TEXT_ZERO, path = TEXT_ZERO;

  l->said = calloc(l->file.envelope.count, sizeof *l->said);
  if (!l->said) die_nomem();
  if (openslurpclose(&log, queue_path_log(&path, l->file.envelope.id.s)))
    said_read_last(l->said, &l->file.envelope, log.s, log.len);
  text_free(&log);
  text_free(&path);
}

enum queue_result queue_look_open(struct queue_look *l, const char *id)
{
  enum queue_result result = queue_open(&l->file, id, O_RDONLY);

  if (result == QUEUE_FOUND)
    read_said(l);
  else if (result == QUEUE_BROKEN && errno != EBADMSG)
    die_unable("read the message ", id);
  else if (result != QUEUE_ABSENT)
    strerr_warnw(id, ": not whole, or not as doc/queue.md says: run queue-check");
  return result;
}

void queue_look_close(struct queue_look *l)
{
  for (size_t i = 0; l->said && i < l->file.envelope.count; i++) said_free(&l->said[i]);
  free(l->said);
  l->said = 0;
  queue_close(&l->file);
}
