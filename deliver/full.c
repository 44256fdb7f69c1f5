#include "deliver/full.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/log.h"

enum { KEY_MAX = 64, REPORT_MAX = KEY_MAX + 1 };

static int reports[2] = { -1, -1 }; /* to read from, to write to */
static char report[REPORT_MAX + 1]; /* the child's: '+' or '-', and the KEY */

int full_open(void)
{
  int on = 1;

  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, reports) == -1 ||
      setsockopt(reports[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == -1)
    die_unable("make a pair of sockets");
  return reports[0];
}

/* As the tables have it: no byte of it means anything in a path. */
static bool is_key(const char *key)
{
  size_t length = strlen(key);

  for (size_t i = 0; i < length; i++)
    if (!ascii_is_alpha(key[i]) && !ascii_is_digit(key[i]) && key[i] != '-') return false;
  return length && length <= KEY_MAX;
}

static const char *path_of(const char *key, text *path)
{
  text_copy(path, FULL_FOLDER "/");
  text_add(path, key);
  return text_string(path);
}

bool full_is_noted(const char *key)
{
  text path = TEXT_ZERO;
  bool is = is_key(key) && !access(path_of(key, &path), F_OK);

  text_free(&path);
  return is;
}

void full_begin(const char *key, uint64_t quota_bytes)
{
  reports[0] = -1; /* closed by serve: the number may be another descriptor's by now */
  if (quota_bytes && is_key(key)) {
    snprintf(report, sizeof report, "+%s", key);
    return;
  }
  if (reports[1] != -1) close(reports[1]);
  reports[1] = -1;
}

/* One that finds no room is lost: the next delivery or login says it again. */
void full_report(bool is_full)
{
  if (reports[1] == -1) return;
  report[0] = is_full ? '+' : '-';
  if (send(reports[1], report, strlen(report), MSG_DONTWAIT | MSG_NOSIGNAL) == -1) log_event("unheard", "what", "full", (char *)0);
}

/* --- the listener --- */

/* Not synced: what a power cut leaves is seen by full_sweep. Nothing waits for the disk because of what a mailbox says. */
static bool write_note(const char *path, const text *content)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

  if (fd == -1) return false;
  bool is_good = fchmod(fd, 0644) == 0 && write(fd, content->s, content->len) == (ssize_t)content->len;
  close(fd);
  return is_good;
}

static void note(const char *key, bool is_full, uint64_t quota_bytes)
{
  text path = TEXT_ZERO, content = TEXT_ZERO;
  bool is_done;

  errno = 0;
  text_add_number(&content, quota_bytes);
  text_add_char(&content, '\n');
  is_done = is_full ? write_note(path_of(key, &path), &content) : !unlink(path_of(key, &path)) || errno == ENOENT;
  if (is_full || errno != ENOENT) log_event(is_full ? "full" : "room", "mailbox", key, "error", is_done ? 0 : strerror(errno), (char *)0);
  text_free(&path);
  text_free(&content);
}

/* One report and the uid that sent it; false: there is none. */
static bool receive(char key[static REPORT_MAX + 1], uid_t *uid)
{
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct ucred))];
  } control;
  struct iovec part = { .iov_base = key, .iov_len = REPORT_MAX };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  struct ucred sender;

  ssize_t length = recvmsg(reports[0], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length <= 0) return false;
  key[length] = 0;
  *uid = (uid_t)-1;
  const struct cmsghdr *first = CMSG_FIRSTHDR(&message);
  if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_CREDENTIALS) {
    memcpy(&sender, CMSG_DATA(first), sizeof sender);
    *uid = sender.uid;
  }
  return true;
}

/* One, then it is the callers' turn: a session that was taken over may say a thousand a second. */
void full_take(full_owner *owner)
{
  char said[REPORT_MAX + 1];
  const char *key = said + 1;
  uint64_t quota_bytes;
  uid_t sender, uid;

  if (!receive(said, &sender)) return;
  if (is_key(key) && owner(key, &uid, &quota_bytes) && uid == sender)
    note(key, *said == '+' && quota_bytes, quota_bytes);
  else
    log_event("refused", "what", "full", "mailbox", is_key(key) ? key : "?", (char *)0);
}

static bool is_for(const char *key, uint64_t quota_bytes)
{
  char bytes[24] = "";
  text path = TEXT_ZERO, wanted = TEXT_ZERO;
  int fd = open(path_of(key, &path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  ssize_t length = fd == -1 ? 0 : read(fd, bytes, sizeof bytes - 1);

  if (fd != -1) close(fd);
  text_add_number(&wanted, quota_bytes);
  text_add_char(&wanted, '\n');
  bool is = length > 0 && !strcmp(bytes, text_string(&wanted));
  text_free(&path);
  text_free(&wanted);
  return is;
}

void full_sweep(full_owner *owner)
{
  text names = TEXT_ZERO;
  uint64_t quota_bytes;
  uid_t uid;

  if (folder_names(FULL_FOLDER, 0, &names))
    for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
      const char *key = names.s + at;
      if (is_key(key) && (!owner(key, &uid, &quota_bytes) || !is_for(key, quota_bytes))) note(key, false, 0);
    }
  text_free(&names);
}
