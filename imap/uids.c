#include "imap/uids.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imap/file.h"

static bool read_from(int fd, size_t offset, size_t length, text *bytes)
{
  text_clear(bytes);
  text_ready(bytes, length);
  while (bytes->len < length) {
    ssize_t got = pread(fd, bytes->s + bytes->len, length - bytes->len, (off_t)(offset + bytes->len));
    if (got == -1 && errno == EINTR) continue;
    if (got == -1) return false;
    if (!got) break;
    bytes->len += (size_t)got;
  }
  return true;
}

/* A line without its end was being written when the power went: nobody was told of its uid. */
static bool cut_torn_line(struct imap_uids *u, int fd, size_t offset)
{
  size_t whole = u->bytes.len;

  while (whole && u->bytes.s[whole - 1] != '\n') whole--;
  if (whole == u->bytes.len) return true;
  u->bytes.len = whole;
  return !ftruncate(fd, (off_t)(offset + whole));
}

static enum imap_uids_result load_whole(struct imap_uids *u, size_t size)
{
  uint32_t validity = u->head.validity, next = u->head.next;

  if (!read_from(u->fd, 0, size, &u->bytes) || !cut_torn_line(u, u->fd, 0)) return IMAP_UIDS_BROKEN;
  u->read_to = u->bytes.len;
  if (!imap_uidlist_parse(&u->head, u->bytes.s, u->bytes.len, &u->at)) {
    u->head.validity = validity;
    u->head.next = next;
    return IMAP_UIDS_ABSENT;
  }
  if (validity && validity != u->head.validity) return IMAP_UIDS_CHANGED;
  if (u->head.next < next) u->head.next = next;
  return IMAP_UIDS_LOADED;
}

static enum imap_uids_result load_rest(struct imap_uids *u, size_t size)
{
  size_t from = u->read_to;

  if (!read_from(u->fd, from, size - from, &u->bytes) || !cut_torn_line(u, u->fd, from)) return IMAP_UIDS_BROKEN;
  u->read_to += u->bytes.len;
  return IMAP_UIDS_LOADED;
}

/* Is the file at its place still the open one? */
static bool is_same(const struct imap_uids *u, const struct stat *now)
{
  struct stat open;

  return u->fd != -1 && u->head.validity && !fstat(u->fd, &open) && open.st_ino == now->st_ino && open.st_dev == now->st_dev &&
    (size_t)now->st_size >= u->read_to;
}

static void set_fd(struct imap_uids *u, int fd)
{
  if (u->fd != -1) close(u->fd);
  u->fd = fd;
}

enum imap_uids_result imap_uids_load(struct imap_uids *u, int folder)
{
  struct stat status;
  int fd = openat(folder, IMAP_UIDS_FILE, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

  text_clear(&u->bytes);
  u->at = 0;
  if (fd == -1) return errno == ENOENT ? IMAP_UIDS_ABSENT : IMAP_UIDS_BROKEN;
  if (fstat(fd, &status)) {
    close(fd);
    return IMAP_UIDS_BROKEN;
  }
  bool goes_on = is_same(u, &status);
  set_fd(u, fd);
  return goes_on ? load_rest(u, (size_t)status.st_size) : load_whole(u, (size_t)status.st_size);
}

bool imap_uids_next(struct imap_uids *u, struct imap_uidline *line)
{
  return imap_uidlist_next(&u->head, u->bytes.s, u->bytes.len, &u->at, line);
}

bool imap_uids_create(struct imap_uids *u, int folder, const text *lines)
{
  text bytes = TEXT_ZERO;

  imap_uidlist_format(&u->head, &bytes);
  text_add_text(&bytes, lines);
  bool fine = imap_file_replace(folder, IMAP_UIDS_FILE, &bytes);
  u->read_to = bytes.len;
  text_free(&bytes);
  set_fd(u, fine ? openat(folder, IMAP_UIDS_FILE, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC) : -1);
  return u->fd != -1;
}

bool imap_uids_append(struct imap_uids *u, const text *lines)
{
  bool fine = imap_file_write(u->fd, lines->s, lines->len) && !fdatasync(u->fd);

  if (fine) u->read_to += lines->len;
  else {
    int error = errno;
    if (ftruncate(u->fd, (off_t)u->read_to)) set_fd(u, -1); /* then it is read anew, torn line and all */
    errno = error;
  }
  return fine;
}

void imap_uids_init(struct imap_uids *u)
{
  memset(u, 0, sizeof *u);
  u->fd = -1;
}

void imap_uids_free(struct imap_uids *u)
{
  set_fd(u, -1);
  text_free(&u->bytes);
}
