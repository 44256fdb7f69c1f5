#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/call.h"

enum { PATIENCE_MS = 3000, PAUSE_MS = 25 };

static const char *home = "";

void call_from(const char *folder) { home = folder; }

static int call_connect(const char *service, int flags)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s%srun/%s", home, *home ? "/" : "", service);

  if (length < 0 || (size_t)length >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
  if (fd == -1) return -1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == -1) {
    int e = errno;
    close(fd);
    errno = e;
    return -1;
  }
  return fd;
}

int call_open_now(const char *service) { return call_connect(service, SOCK_NONBLOCK); }

int call_open(const char *service)
{
  for (int waited = 0;; waited += PAUSE_MS) {
    int fd = call_connect(service, 0);
    if (fd != -1 || waited >= PATIENCE_MS || (errno != ENOENT && errno != ECONNREFUSED && errno != EINTR)) return fd;
    nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, 0);
  }
}

bool call_send(int socket, const text *record, const int *fds, unsigned int count)
{
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * CALL_FDS_MAX)];
  } control;
  struct iovec part = { .iov_base = record->s, .iov_len = record->len };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  ssize_t sent;

  if (record->len > CALL_PACKET_MAX || count > CALL_FDS_MAX) {
    errno = EMSGSIZE;
    return false;
  }
  if (count) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
  }
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent == -1 && errno == EINTR);
  return sent == (ssize_t)record->len;
}

void call_close_fds(struct call_fds *fds)
{
  for (unsigned int i = 0; i < fds->count; i++) close(fds->fd[i]);
  fds->count = 0;
}

static void take_fds(struct msghdr *message, struct call_fds *fds)
{
  struct call_fds refused = { .count = 0 };

  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    struct call_fds *taken = fds ? fds : &refused;
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      if (taken->count < CALL_FDS_MAX)
        taken->fd[taken->count++] = fd;
      else
        close(fd);
    }
  }
  call_close_fds(&refused);
}

/* Waits until something can be received. A deadline, not a pause: signals do not lengthen it. */
static bool wait_readable(int socket, unsigned int seconds)
{
  struct pollfd wanted = { .fd = socket, .events = POLLIN };
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t end_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000 + (int64_t)seconds * 1000;
  for (;;) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t left = end_ms - (now.tv_sec * 1000 + now.tv_nsec / 1000000);
    int ready = left > 0 ? poll(&wanted, 1, (int)(left > INT32_MAX ? INT32_MAX : left)) : 0;
    if (ready > 0) return true;
    if (ready == 0) {
      errno = ETIMEDOUT;
      return false;
    }
    if (errno != EINTR) return false;
  }
}

enum call_result call_receive(int socket, text *record, struct call_fds *fds, unsigned int seconds)
{
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * CALL_FDS_MAX)];
  } control;
  ssize_t length;

  if (fds) fds->count = 0;
  text_clear(record);
  text_ready(record, CALL_PACKET_MAX);
  if (seconds && !wait_readable(socket, seconds)) return CALL_BROKEN;
  struct iovec part = { .iov_base = record->s, .iov_len = CALL_PACKET_MAX };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control };
  do length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (length == -1 && errno == EINTR);
  if (length == -1) return errno == ECONNRESET ? CALL_CLOSED : CALL_BROKEN;
  take_fds(&message, fds);
  if (!length) { /* the end, or a packet of nothing: descriptors may hang on it */
    if (fds) call_close_fds(fds);
    return CALL_CLOSED;
  }
  record->len = (size_t)length;
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !record_check(record)) {
    if (fds) call_close_fds(fds);
    text_clear(record);
    errno = EPROTO;
    return CALL_BROKEN;
  }
  return CALL_DONE;
}

enum call_result call_ask(const char *service, const text *request, const int *fds, unsigned int count, text *answer,
                          struct call_fds *answer_fds, unsigned int seconds)
{
  int socket = call_open(service);
  enum call_result result = CALL_BROKEN;

  if (answer_fds) answer_fds->count = 0;
  if (socket == -1) return CALL_BROKEN;
  if (call_send(socket, request, fds, count)) result = call_receive(socket, answer, answer_fds, seconds);
  int e = errno;
  close(socket);
  errno = e;
  return result;
}
