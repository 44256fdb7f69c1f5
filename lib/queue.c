#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/id.h"
#include "lib/queue.h"

enum {
  FIRST_READ = 4096,       /* almost every envelope is shorter */
  FIRST_LOG = 16 * 1024,   /* and almost every log; */
  LOG_PART = 1024 * 1024   /* send-schedule keeps them below 1 MiB and an attempt */
};

const char *queue_path_new(text *path, const char *id)
{
  text_copy(path, "queue/new/");
  text_add(path, id);
  return text_string(path);
}

const char *queue_path_cur(text *path, const char *id)
{
  size_t length = strlen(id);

  text_copy(path, "queue/cur/");
  text_add(path, length < 2 ? id : id + length - 2);
  text_add_char(path, '/');
  text_add(path, id);
  return text_string(path);
}

const char *queue_path_log(text *path, const char *id)
{
  text_copy(path, "queue/log/");
  text_add(path, id);
  return text_string(path);
}

static bool read_up_to(int fd, text *bytes, size_t wanted)
{
  while (bytes->len < wanted) {
    text_ready(bytes, wanted - bytes->len);
    size_t asked = wanted - bytes->len;
    ssize_t count = pread(fd, bytes->s + bytes->len, asked, (off_t)bytes->len);
    if (count == -1 && errno == EINTR) continue;
    if (count == -1) return false;
    bytes->len += (size_t)count;
    if ((size_t)count < asked) return true; /* its end: it is a file */
  }
  return true;
}

static enum queue_result check_size(struct queue_file *f, uint64_t file_bytes)
{
  uint64_t expected;

  if (file_bytes < f->envelope.length) return QUEUE_INCOMPLETE;
  f->size_bytes = file_bytes - f->envelope.length;
  if (record_number(&f->envelope.facts, QUEUE_SIZE_FACT, UINT64_MAX, &expected) && expected != f->size_bytes)
    return QUEUE_INCOMPLETE;
  return QUEUE_FOUND;
}

/* All of the file is zeros, or there is nothing in it: its data had not reached the disk. */
static bool is_blank(const text *bytes)
{
  for (size_t i = 0; i < bytes->len; i++)
    if (bytes->s[i]) return false;
  return true;
}

enum queue_result queue_read(struct queue_file *f, int fd, const char *id)
{
  static text bytes = TEXT_ZERO;
  struct stat status;

  f->fd = fd;
  text_clear(&bytes);
  if (fstat(fd, &status) == -1 || !read_up_to(fd, &bytes, FIRST_READ)) return QUEUE_BROKEN;
  errno = EBADMSG;
  if (!S_ISREG(status.st_mode)) return QUEUE_BROKEN;
  if (is_blank(&bytes)) return QUEUE_INCOMPLETE;
  size_t length = envelope_length(bytes.s, bytes.len);
  if (!length) return QUEUE_BROKEN;
  if ((uint64_t)status.st_size < length) return QUEUE_INCOMPLETE;
  if (!read_up_to(fd, &bytes, length)) return QUEUE_BROKEN;
  errno = EBADMSG;
  if (bytes.len < length || !envelope_parse(&f->envelope, bytes.s, length) || !text_is(&f->envelope.id, id))
    return QUEUE_BROKEN;
  return check_size(f, (uint64_t)status.st_size);
}

static int open_new(struct queue_file *f, const char *id, int open_flags)
{
  int fd = open(queue_path_new(&f->path, id), open_flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  f->is_new = fd != -1;
  return fd;
}

static int open_cur(struct queue_file *f, const char *id, int open_flags)
{
  return open(queue_path_cur(&f->path, id), open_flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* What is moved meanwhile goes from new to cur. */
enum queue_result queue_open(struct queue_file *f, const char *id, int open_flags)
{
  if (!id_check(id)) return QUEUE_ABSENT;
  int fd = open_new(f, id, open_flags);
  if (fd == -1 && errno == ENOENT) fd = open_cur(f, id, open_flags);
  if (fd == -1) return errno == ENOENT ? QUEUE_ABSENT : QUEUE_BROKEN;
  return queue_read(f, fd, id);
}

enum queue_result queue_open_waiting(struct queue_file *f, const char *id, int open_flags)
{
  if (!id_check(id)) return QUEUE_ABSENT;
  int fd = open_cur(f, id, open_flags);
  if (fd == -1 && errno == ENOENT) return queue_open(f, id, open_flags);
  return fd == -1 ? QUEUE_BROKEN : queue_read(f, fd, id);
}

static bool read_log(int fd, text *log)
{
  text_clear(log);
  for (;;) {
    size_t wanted = log->len ? LOG_PART : FIRST_LOG;
    text_ready(log, wanted);
    ssize_t count = read(fd, log->s + log->len, wanted);
    if (count == -1 && errno == EINTR) continue;
    if (count == -1) return false;
    log->len += (size_t)count;
    if ((size_t)count < wanted) return true;
  }
}

struct said *queue_said(const struct envelope *e)
{
  static text log = TEXT_ZERO, path = TEXT_ZERO;
  struct said *said = calloc(e->count, sizeof *said);

  if (!said) die_nomem();
  int fd = open(queue_path_log(&path, e->id.s), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd == -1) return said;
  if (read_log(fd, &log)) said_read_last(said, e, log.s, log.len);
  close(fd);
  return said;
}

void queue_close(struct queue_file *f)
{
  if (f->fd != -1) close(f->fd);
  envelope_free(&f->envelope);
  text_free(&f->path);
  *f = (struct queue_file)QUEUE_FILE_ZERO;
}
