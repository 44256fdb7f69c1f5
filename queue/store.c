#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/queue.h"
#include "queue/store.h"

enum { SMALL_BYTES = 1 << 20, RECIPIENTS_MAX = 100000 /* send-schedule has them all in memory */ }; /* up to here a message is read into memory and written by one call */

/* One message on its way: what was handed over, and the file that it becomes. */
struct work {
  struct stat from;
  text head; /* the bytes of it that were read: the envelope and, of a small one, all */
  struct envelope envelope;
};

void queue_store_open(struct queue_store *s)
{
  struct stat status;

  s->folder = open("queue/new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (s->folder == -1 || fstat(s->folder, &status) == -1) die_unable("open the folder queue/new");
  s->device = status.st_dev;
  s->uid = geteuid();
}

int queue_store_file(const struct queue_store *s) { return openat(s->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0660); }

static enum queue_store_result refused(struct queue_store *s, const char *why)
{
  text_copy(&s->error, why);
  text_string(&s->error);
  return QUEUE_STORE_REFUSED;
}

static enum queue_store_result later(struct queue_store *s, const char *what)
{
  s->is_full = errno == ENOSPC || errno == EDQUOT;
  text_copy(&s->error, "unable to ");
  text_add(&s->error, what);
  text_add(&s->error, ": ");
  text_add(&s->error, strerror(errno));
  text_string(&s->error);
  return QUEUE_STORE_LATER;
}

static bool read_head(int from, text *head, size_t wanted)
{
  text_ready(head, wanted);
  while (head->len < wanted) {
    ssize_t count = pread(from, head->s + head->len, wanted - head->len, (off_t)head->len);
    if (count == -1 && errno == EINTR) continue;
    if (count <= 0) return false;
    head->len += (size_t)count;
  }
  return true;
}

static bool read_envelope(struct work *w, int from)
{
  size_t size = (size_t)w->from.st_size, length;

  if (!read_head(from, &w->head, size < SMALL_BYTES ? size : ENVELOPE_FIRST_LINE)) return false;
  length = envelope_length(w->head.s, w->head.len);
  return length && length <= size && read_head(from, &w->head, length) && envelope_parse(&w->envelope, w->head.s, length);
}

/* A new message may be held (RFC 4865): then its first try is when the fact holduntil says. */
static bool is_new(const struct envelope *e)
{
  uint64_t until;

  if (e->attempts || e->warning != ENVELOPE_UNWARNED) return false;
  return !e->next_seconds || (record_number(&e->facts, "holduntil", INT64_MAX, &until) && until == e->next_seconds);
}

/* Why it is not a new message called id; 0: it is. */
static const char *find_fault(const struct envelope *e, const char *id)
{
  if (!text_is(&e->id, id)) return "the envelope has another id";
  if (!is_new(e)) return "the envelope says that it was tried already";
  if (e->count > RECIPIENTS_MAX) return "more than 100000 recipients";
  for (size_t i = 0; i < e->count; i++)
    if (e->recipients[i].state != ENVELOPE_TODO) return "a recipient is not to be tried";
  return record_find(&e->facts, QUEUE_SIZE_FACT) ? "the fact size is for queue-add to say" : 0;
}

static bool write_parts(int to, struct iovec *parts, int count)
{
  while (count) {
    ssize_t written = writev(to, parts, count);
    if (written == -1 && errno == EINTR) continue;
    if (written == -1) return false;
    for (; count && (size_t)written >= parts->iov_len; parts++, count--) written -= (ssize_t)parts->iov_len;
    if (!count) break;
    parts->iov_base = (char *)parts->iov_base + written;
    parts->iov_len -= (size_t)written;
  }
  return true;
}

static bool copy_rest(int to, int from, off_t at, off_t end)
{
  while (at < end) {
    ssize_t copied = sendfile(to, from, &at, (size_t)(end - at));
    if (copied == -1 && errno == EINTR) continue;
    if (copied == -1) return false;
    if (!copied) {
      errno = EIO; /* it became shorter meanwhile */
      return false;
    }
  }
  return true;
}

/* The envelope again, with the size that tells a whole file from a cut one, and the message behind it. */
static bool write_message(int to, int from, struct work *w)
{
  static text envelope = TEXT_ZERO;
  off_t size = w->from.st_size;

  text_clear(&envelope);
  record_add_number(&w->envelope.facts, QUEUE_SIZE_FACT, (uint64_t)size - w->envelope.length);
  envelope_format(&w->envelope, &envelope);
  struct iovec parts[] = { { envelope.s, envelope.len },
                           { w->head.s + w->envelope.length, w->head.len - w->envelope.length } };
  return write_parts(to, parts, 2) && copy_rest(to, from, (off_t)w->head.len, size);
}

static bool link_as(const struct queue_store *s, int file, const char *id)
{
  char path[sizeof "/proc/self/fd/" + 12];

  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  return linkat(AT_FDCWD, path, s->folder, id, AT_SYMLINK_FOLLOW) == 0;
}

/* It has a name and may not keep it: what was not acknowledged is not to be sent. */
static enum queue_store_result take_back(struct queue_store *s, const char *id, const char *what)
{
  enum queue_store_result result = later(s, what);

  if (unlinkat(s->folder, id, 0) == 0) fsync(s->folder);
  return result;
}

/* Was the one that is there cut off before it was acknowledged (doc/queue.md, state Q1a)? */
static bool is_remnant(const struct queue_store *s, const char *id)
{
  struct queue_file there = QUEUE_FILE_ZERO;
  int file = openat(s->folder, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  bool is_cut = file != -1 && queue_read(&there, file, id) == QUEUE_INCOMPLETE;

  queue_close(&there);
  return is_cut;
}

/* Only send-schedule removes a remnant, and one of a report not before that report's message is marked: so while it asks for the report,
   what has this name is queue-add's to replace. */
static bool link_new(const struct queue_store *s, int file, const char *id)
{
  if (link_as(s, file, id)) return true;
  if (errno != EEXIST) return false;
  if (s->may_replace && is_remnant(s, id) && unlinkat(s->folder, id, 0) == 0) return link_as(s, file, id);
  errno = EEXIST;
  return false;
}

/* Whoever put it there may have ended before it was synced. */
static enum queue_store_result sync_there(struct queue_store *s, const char *id)
{
  enum queue_store_result result = QUEUE_STORE_THERE;
  int file = openat(s->folder, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

  if (file == -1) return later(s, "open the message that is there");
  if (fsync(file) == -1 || fsync(s->folder) == -1) result = later(s, "sync the message that is there");
  close(file);
  return result;
}

static enum queue_store_result not_linked(struct queue_store *s, const char *id)
{
  if (errno != EEXIST) return later(s, "link the message into queue/new");
  if (!is_remnant(s, id)) return sync_there(s, id);
  errno = EEXIST;
  return later(s, "queue it while a file that was cut off has its name");
}

/* Our copy says how long it is, so the name may reach the disk before the bytes: a cut file is recognised. The two
   then go in one commit of the disk's journal instead of two. */
static enum queue_store_result store_copy(struct queue_store *s, int from, struct work *w, const char *id)
{
  enum queue_store_result result = QUEUE_STORE_QUEUED;
  int file = queue_store_file(s);

  if (file == -1) return later(s, "make a file in queue/new");
  if (!write_message(file, from, w))
    result = later(s, "write the message");
  else if (!link_new(s, file, id))
    result = not_linked(s, id);
  else if (fsync(file) == -1)
    result = take_back(s, id, "sync the message");
  else if (fsync(s->folder) == -1)
    result = take_back(s, id, "sync the folder queue/new");
  close(file);
  return result;
}

/* A file that we lent: it is linked as it is, and cannot say how long it is, so its bytes come first. */
static enum queue_store_result store_file(struct queue_store *s, int file, const char *id)
{
  if (fsync(file) == -1) return later(s, "sync the message");
  if (!link_new(s, file, id)) return not_linked(s, id);
  if (fsync(s->folder) == -1) return take_back(s, id, "sync the folder queue/new");
  return QUEUE_STORE_QUEUED;
}

/* Made by queue_store_file: unnamed, ours, on the queue's disk. */
static bool is_lent(const struct queue_store *s, const struct stat *file)
{
  return !file->st_nlink && file->st_uid == s->uid && file->st_dev == s->device;
}

/* What cost its giver nothing would fill the disk here. Small ones may lie in their inode. */
static bool is_hollow(const struct queue_store *s, const struct stat *file)
{
  return file->st_size > SMALL_BYTES && !is_lent(s, file) && file->st_blocks < file->st_size / 512;
}

static enum queue_store_result add(struct queue_store *s, int from, struct work *w, const char *id)
{
  if (fstat(from, &w->from) == -1 || !S_ISREG(w->from.st_mode)) return refused(s, "not a file");
  if (is_hollow(s, &w->from)) return refused(s, "a file with holes");
  if (!read_envelope(w, from)) return refused(s, "not an envelope as in doc/queue.md");
  const char *fault = find_fault(&w->envelope, id);
  if (fault) return refused(s, fault);
  text_copy_bytes(&s->sender, w->envelope.sender.s, w->envelope.sender.len);
  text_string(&s->sender);
  s->size_bytes = (uint64_t)w->from.st_size - w->envelope.length;
  s->recipients = w->envelope.count;
  return is_lent(s, &w->from) ? store_file(s, from, id) : store_copy(s, from, w, id);
}

enum queue_store_result queue_store_add(struct queue_store *s, int from, const char *id, bool may_replace)
{
  static struct work w = { .head = TEXT_ZERO, .envelope = ENVELOPE_ZERO }; /* the memory serves the next message */

  s->may_replace = may_replace;
  text_clear(&w.head);
  enum queue_store_result result = add(s, from, &w, id);
  envelope_free(&w.envelope);
  return result;
}
