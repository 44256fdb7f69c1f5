#include "imap/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool read_all(int fd, text *bytes)
{
  for (;;) {
    text_ready(bytes, 8192);
    ssize_t got = read(fd, bytes->s + bytes->len, 8192);
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    bytes->len += (size_t)got;
    if (bytes->len > IMAP_FILE_MAX) {
      errno = EFBIG;
      return false;
    }
  }
}

bool imap_file_read(int folder, const char *name, text *bytes)
{
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

  text_clear(bytes);
  if (fd == -1) return errno == ENOENT;
  bool fine = read_all(fd, bytes);
  close(fd);
  return fine;
}

bool imap_file_write(int fd, const char *bytes, size_t length)
{
  while (length) {
    ssize_t wrote = write(fd, bytes, length);
    if (wrote == -1 && errno == EINTR) continue;
    if (wrote == -1) return false;
    bytes += wrote;
    length -= (size_t)wrote;
  }
  return true;
}

static bool write_synced(int folder, const char *name, const text *bytes)
{
  int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd == -1) return false;
  bool fine = imap_file_write(fd, bytes->s, bytes->len) && !fsync(fd);
  return !close(fd) && fine;
}

bool imap_file_replace(int folder, const char *name, const text *bytes)
{
  text aside = TEXT_ZERO;

  text_add(&aside, name);
  text_add_format(&aside, ".%ld.tmp", (long)getpid());
  bool fine = write_synced(folder, text_string(&aside), bytes) && !renameat(folder, aside.s, folder, name);
  if (fine) fine = !fsync(folder);
  else {
    int error = errno;
    unlinkat(folder, aside.s, 0);
    errno = error;
  }
  text_free(&aside);
  return fine;
}

bool imap_folder_open_at(int folder, const char *name, int *fd)
{
  *fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return *fd != -1;
}
