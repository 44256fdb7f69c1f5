#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/id.h"
#include "lib/log.h"
#include "smtpd/message.h"

enum { PENDING_BYTES = 32768, MEMORY_BYTES = 1024 * 1024, QUEUE_SECONDS = 120 };

static const char try_later[] = "451 4.3.0 The queue is out of reach, try again later";
static const char disk_full[] = "452 4.3.1 The queue's disk is full, try again later";

void message_begin(struct message *m)
{
  struct timespec now;

  clock_gettime(CLOCK_REALTIME, &now);
  m->birth_seconds = (uint64_t)now.tv_sec;
  id_make(&m->id);
  text_clear(&m->pending);
  m->fd = -1;
  m->is_file = false;
  m->written = m->size_bytes = 0;
  m->data = (struct smtpd_data){ .state = DATA_LINE_START };
  smtpd_header_begin(&m->header, 0, false);
  m->failure = 0;
  m->rule = "";
}

void message_end(struct message *m)
{
  if (m->fd != -1) close(m->fd);
  m->fd = -1;
}

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

static void write_pending(struct session *s, struct message *m)
{
  text head = TEXT_ZERO;

  text_string(&head); /* it may stay empty */
  text_string(&m->pending);
  if (m->fd == -1) {
    m->fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    message_head_add(s, m, &head);
  }
  if (m->fd == -1 || !write_both(m->fd, &head, &m->pending)) fail_to_write(m, "keep the message");
  m->written += head.len + m->pending.len;
  text_clear(&m->pending);
  text_free(&head);
  if (!m->failure && !m->is_file && m->written > MEMORY_BYTES) move_to_file(m);
}

static bool is_too_big(const struct session *s, const struct message *m)
{
  return s->settings.size_max && m->size_bytes > s->settings.size_max;
}

bool message_feed(struct session *s, struct message *m)
{
  struct smtpd_input *in = &s->input;
  size_t before = m->pending.len;

  in->start += smtpd_data_feed(&m->data, in->bytes + in->start, in->end - in->start, &m->pending);
  m->size_bytes += m->pending.len - before;
  smtpd_header_feed(&m->header, m->pending.s + before, m->pending.len - before);
  if (m->failure || m->data.has_bare || is_too_big(s, m) || m->header.hops > HOPS_MAX)
    text_clear(&m->pending);
  else if (m->pending.len >= PENDING_BYTES)
    write_pending(s, m);
  return m->data.state == DATA_ENDED;
}

const char *message_refusal(const struct session *s, struct message *m)
{
  if (is_too_big(s, m)) {
    m->rule = "databytes";
    return "552 5.3.4 Message too big";
  }
  if (m->data.has_bare) { /* what other hosts may read as the end of the message: check 1 */
    m->rule = "bare-newline";
    return "550 5.6.11 A CR or LF stands alone in the message; lines end with CR LF";
  }
  if (m->header.hops > HOPS_MAX) {
    m->rule = "hops";
    return "554 5.4.6 Too many hops, this message is in a loop";
  }
  return 0;
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
  if (!m->failure && (m->pending.len || m->fd == -1)) write_pending(s, m);
  if (m->failure) return m->failure;
  seal(m);
  return m->failure;
}
