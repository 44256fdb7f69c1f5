#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "lib/die.h"
#include "queue/look.h"

void queue_look_hear(struct queue_look *l)
{
  if (!l->said) l->said = queue_said(&l->file.envelope);
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
