/* queue: the file of one message (doc/queue.md), found by its id, read and checked. Who marks, moves and removes is
   send-schedule alone; queue-add, qstat and queue-check use this to find and to read. */

#ifndef LIB_QUEUE_H
#define LIB_QUEUE_H

#include "lib/said.h"

enum queue_result {
  QUEUE_BROKEN = -1, /* errno; EBADMSG: not as doc/queue.md says */
  QUEUE_ABSENT,      /* there is no message of this id */
  QUEUE_INCOMPLETE,  /* shorter or longer than its envelope says: a power cut before it was acknowledged */
  QUEUE_FOUND
};

struct queue_file {
  int fd;
  bool is_new;         /* it lies in queue/new */
  uint64_t size_bytes; /* of the message, without the envelope */
  text path;
  struct envelope envelope;
};
#define QUEUE_FILE_ZERO { .fd = -1, .path = TEXT_ZERO, .envelope = ENVELOPE_ZERO }

#define QUEUE_SIZE_FACT "size" /* the fact that says how long the message is; queue-add adds it */

const char *queue_path_new(text *path, const char *id);
const char *queue_path_cur(text *path, const char *id);
const char *queue_path_log(text *path, const char *id);

/* Opens the message ID for reading, or (open_flags O_RDWR) for marks, and reads its envelope.
   Ended by queue_close, whatever the result. */
enum queue_result queue_open(struct queue_file *f, const char *id, int open_flags);

/* The same for one that is likely to have been tried: queue/cur is looked into first. */
enum queue_result queue_open_waiting(struct queue_file *f, const char *id, int open_flags);

/* The same for a descriptor that is open already, and may be any file. Takes the descriptor over. */
enum queue_result queue_read(struct queue_file *f, int fd, const char *id);

/* What was said last about each recipient, by queue/log: as many as the envelope has, to free (said_free each). */
struct said *queue_said(const struct envelope *e);

void queue_close(struct queue_file *f);

#endif
