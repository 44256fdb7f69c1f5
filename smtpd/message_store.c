#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/log.h"
#include "smtpd/message.h"

enum { MEMORY_BYTES = 1024 * 1024, QUEUE_SECONDS = 120 };

static const char try_later[] = "451 4.3.0 The queue is out of reach, try again later";
static const char disk_full[] = "452 4.3.1 The queue's disk is full, try again later";

static void fail(struct message *m, const char *answer, const char *what)
{
  m->failure = answer;
  log_event("failed", "id", m->id.s, "what", what, "error", errno ? strerror(errno) : "", (char *)0);
}

static bool write_both(int fd, const text *head, const text *content)
{
  struct iovec parts[2] = { { head->s, head->len }, { content->s, content->len } };
  size_t left = head->len + content->len;

  while (left) {
    ssize_t written = writev(fd, parts, 2);
    if (written == -1 && errno == EINTR) continue;
    if (written <= 0) return false;
    left -= (size_t)written;
    for (int i = 0; i < 2; i++) {
      size_t of_this = (size_t)written < parts[i].iov_len ? (size_t)written : parts[i].iov_len;
      parts[i].iov_base = (char *)parts[i].iov_base + of_this;
      parts[i].iov_len -= of_this;
      written -= (ssize_t)of_this;
    }
  }
  return true;
}

static bool copy_all(int to, int from, uint64_t at_first, uint64_t length)
{
  off_t at = (off_t)at_first;

  while ((uint64_t)at < length) {
    ssize_t copied = sendfile(to, from, &at, (size_t)(length - (uint64_t)at));
    if (copied == -1 && errno == EINTR) continue;
    if (copied <= 0) return false;
  }
  return true;
}

static void fail_to_write(struct message *m, const char *what)
{
  fail(m, errno == ENOSPC || errno == EDQUOT ? disk_full : try_later, what);
}

/* What queue-add said when it did not do what it was asked for. */
static const char *queue_refusal(const text *answer)
{
  return record_is(answer, "answer", "later") && record_is(answer, "status", "4.3.1") ? disk_full : try_later;
}

/* From the memfd to a file on the queue's disk. */
static void move_to_file(struct message *m)
{
  text request = TEXT_ZERO, said = TEXT_ZERO;
  struct call_fds fds;

  record_add(&request, "what", "file");
  errno = 0;
  enum call_result result = call_ask("queue-add", &request, 0, 0, &said, &fds, QUEUE_SECONDS);
  if (result != CALL_DONE)
    fail(m, try_later, "ask queue-add for a file");
  else if (fds.count != 1) {
    errno = 0;
    fail(m, queue_refusal(&said), record_get(&said, "error"));
    call_close_fds(&fds);
  } else {
    if (!copy_all(fds.fd[0], m->fd, 0, m->written)) fail_to_write(m, "copy to queue-add's file");
    close(m->fd);
    m->fd = fds.fd[0];
    m->is_file = true;
  }
  text_free(&request);
  text_free(&said);
}

/* A first line that is no field, or seems to continue ours, is text: an empty line keeps it out of the header. */
static void add_head(const struct session *s, const struct message *m, text *head)
{
  message_head_add(s, m, head);
  if (m->pending.len && !smtpd_header_begins(m->pending.s, m->pending.len)) text_add(head, "\r\n");
}

void message_write(struct session *s, struct message *m)
{
  text head = TEXT_ZERO;

  text_string(&head); /* it may stay empty */
  text_string(&m->pending);
  if (m->fd == -1) {
    m->fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    add_head(s, m, &head);
    m->head = head.len;
  }
  if (m->fd == -1 || !write_both(m->fd, &head, &m->pending)) fail_to_write(m, "keep the message");
  m->written += head.len + m->pending.len;
  text_clear(&m->pending);
  m->seen = 0;
  text_free(&head);
  if (!m->failure && !m->is_file && m->written > MEMORY_BYTES) move_to_file(m);
}

const char *message_hand_over(struct message *m)
{
  text request = TEXT_ZERO, said = TEXT_ZERO;
  const char *refusal = 0;

  record_add(&request, "what", "add");
  record_add(&request, "id", m->id.s);
  errno = 0;
  if (call_ask("queue-add", &request, &m->fd, 1, &said, 0, QUEUE_SECONDS) != CALL_DONE) {
    fail(m, try_later, "hand the message to queue-add");
    refusal = m->failure;
  } else if (!record_is(&said, "answer", "queued")) {
    errno = 0;
    fail(m, queue_refusal(&said), record_get(&said, "error"));
    refusal = m->failure;
  }
  text_free(&request);
  text_free(&said);
  return refusal;
}

static void seal(struct message *m)
{
  if (!m->is_file && fcntl(m->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == -1)
    fail(m, try_later, "seal the message");
}

const char *message_hand_over_behind(struct message *m, const text *head, size_t from)
{
  struct message copy = { .id = m->id, .fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING) };
  const text nothing = TEXT_ZERO;

  if (copy.fd == -1 || !write_both(copy.fd, head, &nothing)) fail_to_write(&copy, "keep the message");
  copy.written = head->len;
  if (!copy.failure && m->is_file) move_to_file(&copy);
  if (!copy.failure && !copy_all(copy.fd, m->fd, from, m->written)) fail_to_write(&copy, "copy the message");
  if (!copy.failure) seal(&copy);
  const char *refusal = copy.failure ? copy.failure : message_hand_over(&copy);
  message_end(&copy);
  return refusal;
}

const char *message_keep(struct session *s, struct message *m)
{
  m->rule = "queue";
  if (!m->failure && (m->pending.len || m->fd == -1)) message_write(s, m);
  if (m->failure) return m->failure;
  seal(m);
  return m->failure;
}
