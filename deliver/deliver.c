#include "deliver/deliver.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deliver/maildir.h"
#include "deliver/message.h"
#include "deliver/name.h"
#include "lib/log.h"
#include "lib/maildirsize.h"

enum { CHUNK = 65536 };

struct outcome {
  const char *state, *status, *text, *code;
};

static const struct outcome delivered = { "done", "2.0.0", "delivered", 0 };
static const struct outcome was_there = { "done", "2.0.0", "delivered already, at a former attempt", 0 };
static const struct outcome loops = { "never", "5.4.6", "this message was delivered to this address before: a mail loop", 0 };

/* The words of requirements 2.2. */
static const struct outcome full = { "never", "5.2.2", "Mailbox is full", "552" };
static const struct outcome full_now = { "later", "4.2.2", "Mailbox is full", "452" };

static struct outcome failed(const char *what)
{
  switch (errno) {
  case EDQUOT: return (struct outcome){ .state = "later", .status = "4.2.2", .text = "the mailbox is over its quota" };
  case ENOSPC: return (struct outcome){ .state = "later", .status = "4.3.1", .text = "the disk is full" };
  case ELOOP:
  case ENOTDIR: return (struct outcome){ .state = "later", .status = "4.3.5", .text = "new, cur or tmp of this mailbox is not a folder: no links there" };
  case EPERM: return (struct outcome){ .state = "later", .status = "4.3.5", .text = "new, cur or tmp of this mailbox has another owner" };
  case EACCES: return (struct outcome){ .state = "later", .status = "4.2.0", .text = "the mailbox's folder may not be written by its owner" };
  default: return (struct outcome){ .state = "later", .status = "4.3.0", .text = what };
  }
}

static bool write_all(int fd, const text *bytes)
{
  for (size_t done = 0; done < bytes->len;) {
    ssize_t written = write(fd, bytes->s + done, bytes->len - done);
    if (written == -1 && errno != EINTR) return false;
    if (written > 0) done += (size_t)written;
  }
  return true;
}

/* What is on its way to the file, and what was of it before lines ended with LF. */
struct output {
  int fd;
  text chunk;
  uint64_t size, wire_size;
};

static bool flush(struct output *o, size_t from)
{
  if (o->chunk.len < from) return true;
  o->size += o->chunk.len;
  bool good = write_all(o->fd, &o->chunk);
  text_clear(&o->chunk);
  return good;
}

static bool write_part(struct output *o, const char *bytes, size_t length, bool is_last)
{
  size_t done = 0;

  o->wire_size += length;
  while (done < length) {
    size_t piece = length - done < CHUNK ? length - done : CHUNK;
    size_t taken = deliver_message_lines(&o->chunk, bytes + done, piece);
    if (taken < piece && done + piece == length && is_last) { /* the last byte of all is a CR */
      text_add_char(&o->chunk, '\r');
      taken = piece;
    }
    done += taken;
    if (!flush(o, CHUNK)) return false;
  }
  return true;
}

static bool write_message(struct output *o, const char *bytes, size_t length)
{
  struct bytes part;

  for (size_t at = 0; deliver_message_next(bytes, length, &at, &part);)
    if (!write_part(o, part.s, part.len, at == length)) return false;
  bool good = flush(o, 0);
  text_free(&o->chunk);
  return good;
}

/* False: the message does not fit. If the mailbox cannot be counted, it does. */
static bool has_room(struct deliver_quota *q, uint64_t size)
{
  struct maildirsize used;

  if (!q->bytes || maildirsize_check(q->bytes, size, &used) != MAILDIRSIZE_EXCEEDS) return true;
  q->fullness = maildirsize_is_full(q->bytes, &used) ? DELIVER_FULL : DELIVER_UNCHANGED;
  return false;
}

static void count(struct deliver_quota *q, uint64_t size)
{
  if (!q->bytes) return;
  q->fullness = DELIVER_ROOM;
  maildirsize_add((int64_t)size, 1);
}

/* name grows by ",S=SIZE,W=SIZE" (on disk, and with CRLF): nobody needs to read the file to know them. */
static struct outcome write_and_link(const struct delivery *d, const struct maildir *m, struct maildir_file *f, text *name,
                                     const char *bytes, size_t length)
{
  enum deliver_maildir_result result = DELIVER_MAILDIR_NEW;
  struct output o = { .chunk = TEXT_ZERO };

  o.wire_size = deliver_message_head(&o.chunk, d->sender, d->recipient, d->original);
  o.wire_size += o.chunk.len;
  if (!deliver_maildir_create(m, f, name)) return failed("unable to make a file in the mailbox");
  o.fd = f->fd;
  if (!write_message(&o, bytes, length)) return failed("unable to write the message");
  if (d->is_again) result = deliver_maildir_find(m, f, name);
  if (result == DELIVER_MAILDIR_BROKEN) return failed("unable to look for the message in the mailbox");
  if (result == DELIVER_MAILDIR_THERE) return was_there;
  if (!has_room(d->quota, o.size)) return d->quota->defers ? full_now : full;
  text_add_format(name, ",S=%llu,W=%llu", (unsigned long long)o.size, (unsigned long long)o.wire_size);
  text_string(name);
  result = deliver_maildir_link(m, f, name);
  if (result == DELIVER_MAILDIR_BROKEN) return failed("unable to link the message into new, or to sync it");
  if (result == DELIVER_MAILDIR_THERE) return was_there;
  count(d->quota, o.size);
  return delivered;
}

static struct outcome deliver_into(const struct delivery *d, const struct maildir *m, text *name)
{
  struct maildir_file file = MAILDIR_FILE_ZERO;
  struct stat st;

  if (fstat(d->message, &st) == -1 || (uint64_t)st.st_size <= d->offset) {
    errno = EIO;
    return failed("the queue file has no message at the offset");
  }
  size_t length = (size_t)st.st_size - d->offset;
  char *mapped = mmap(0, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, d->message, 0);
  if (mapped == MAP_FAILED) return failed("unable to map the queue file");
  const char *bytes = mapped + d->offset;
  struct outcome result = loops;
  if (!deliver_message_loops(bytes, length, d->recipient)) {
    result = write_and_link(d, m, &file, name, bytes, length);
    deliver_maildir_close(m, &file);
  }
  munmap(mapped, (size_t)st.st_size);
  return result;
}

bool deliver_run(const struct delivery *d, struct maildir *maildir, text *outcome)
{
  text name = TEXT_ZERO, line = TEXT_ZERO;
  struct outcome result;

  deliver_name_make(&name, d->id, d->recipient, d->host);
  text_string(&name);
  if (deliver_maildir_open(maildir))
    result = deliver_into(d, maildir, &name);
  else
    result = failed("unable to open the mailbox's folders new, cur and tmp");
  text_add_format(&line, "%s %s %s %s", result.state, result.status, result.code ? result.code : "000", result.text);
  record_add(outcome, "remote", name.s);
  record_add(outcome, "recipient", text_string(&line));
  log_event("delivery", "id", d->id, "recipient", d->recipient, "mailbox", d->mailbox, "file", name.s, "state",
            result.state, "status", result.status, "text", result.text, (char *)0);
  text_free(&name);
  text_free(&line);
  return !strcmp(result.state, "done");
}
