#include "deliver/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "deliver/name.h"
#include "lib/log.h"

#define XFS_MAGIC 0x58465342 /* <linux/magic.h> has it not */

enum { CHUNK = 65536, FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static bool make_folder(int folder, const char *name)
{
  if (mkdirat(folder, name, 0700) == -1) return errno == EEXIST;
  int here = openat(folder, ".", FOLDER);
  bool is_synced = here != -1 && !fsync(here);
  close(here);
  return is_synced;
}

static int open_folder(int folder, const char *name)
{
  struct stat st;
  int fd = openat(folder, name, FOLDER);

  if (fd == -1 && errno == ENOENT && make_folder(folder, name)) fd = openat(folder, name, FOLDER);
  if (fd == -1 || (!fstat(fd, &st) && st.st_uid == geteuid())) return fd;
  close(fd);
  errno = EPERM;
  return -1;
}

static void close_folder(int *fd)
{
  if (*fd != -1) close(*fd);
  *fd = -1;
}

void deliver_maildir_choose(struct maildir *m, const char *entry)
{
  if (text_is(&m->entry, entry)) return;
  text_copy(&m->entry, entry);
  close_folder(&m->new);
  close_folder(&m->cur);
  close_folder(&m->tmp);
  m->is_open = false;
}

bool deliver_maildir_open(struct maildir *m)
{
  bool is_inbox = text_is(&m->entry, ".");

  if (m->is_open) return true;
  int folder = is_inbox ? AT_FDCWD : open(text_string(&m->entry), FOLDER);
  if (folder == -1) return false;
  m->is_open = (m->new = open_folder(folder, "new")) != -1 && (m->cur = open_folder(folder, "cur")) != -1 && (m->tmp = open_folder(folder, "tmp")) != -1;
  if (!is_inbox) {
    int error = errno;
    close(folder);
    errno = error;
  }
  return m->is_open;
}

/* After a link to it, syncing the file is enough where the file's own change counts with the folder's entry: ext4 (with a
   journal, and without one, where it syncs the parent of a new entry), XFS and btrfs. Elsewhere the folder too. */
static bool sync_linked(int file, int folder)
{
  struct statfs fs;

  if (fsync(file) == -1) return false;
  if (!fstatfs(file, &fs) && (fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC)) return true;
  return !fsync(folder);
}

static ssize_t read_at(int fd, char *bytes, off_t at)
{
  ssize_t length;

  do length = pread(fd, bytes, CHUNK, at);
  while (length == -1 && errno == EINTR);
  return length;
}

/* Nothing, or a NUL, where the other has a byte. */
static bool is_blank_part(const char *bytes, size_t length, const char *whole, size_t whole_length)
{
  if (length < whole_length) return true;
  for (const char *nul = bytes, *end = bytes + whole_length; nul < end && (nul = memchr(nul, 0, (size_t)(end - nul))); nul++)
    if (whole[nul - bytes]) return true;
  return false;
}

/* Was the file cut off by a power cut? A file that differs in another way was changed by its owner and is whole. */
static bool is_cut_off(int fd, int whole)
{
  static char bytes[CHUNK], whole_bytes[CHUNK];
  ssize_t length, whole_length;
  off_t at = 0;

  do {
    whole_length = read_at(whole, whole_bytes, at);
    length = read_at(fd, bytes, at);
    if (length == -1 || whole_length == -1) return false;
    if (is_blank_part(bytes, (size_t)length, whole_bytes, (size_t)whole_length)) return true;
    at += whole_length;
  } while (whole_length == CHUNK && length == CHUNK);
  return false;
}

/* What bears the name: a whole file is synced (who put it there may have ended before that), a cut-off one removed. */
static enum deliver_maildir_result settle(int folder, const char *name, int whole)
{
  enum deliver_maildir_result result = DELIVER_MAILDIR_BROKEN;
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  if (fd == -1) return errno == ENOENT ? DELIVER_MAILDIR_NEW : DELIVER_MAILDIR_BROKEN; /* it was moved meanwhile */
  if (!is_cut_off(fd, whole)) {
    if (sync_linked(fd, folder)) result = DELIVER_MAILDIR_THERE;
  } else if (!unlinkat(folder, name, 0)) {
    log_event("removed", "file", name, "reason", "cut off by a crash; it is delivered anew", (char *)0);
    result = DELIVER_MAILDIR_NEW;
  }
  int e = errno;
  close(fd);
  errno = e;
  return result;
}

static enum deliver_maildir_result find_in(int folder, const text *name, int whole)
{
  enum deliver_maildir_result result = DELIVER_MAILDIR_NEW;
  int fd = openat(folder, ".", FOLDER);
  DIR *dir = fd == -1 ? 0 : fdopendir(fd);

  if (!dir) return DELIVER_MAILDIR_BROKEN;
  for (struct dirent *entry; result == DELIVER_MAILDIR_NEW && (entry = readdir(dir));)
    if (deliver_name_is(name, entry->d_name)) result = settle(folder, entry->d_name, whole);
  closedir(dir);
  return result;
}

/* new is looked at first: a message goes from there to cur, never back. */
enum deliver_maildir_result deliver_maildir_find(const struct maildir *m, const struct maildir_file *f, const text *name)
{
  enum deliver_maildir_result result = find_in(m->new, name, f->fd);

  return result == DELIVER_MAILDIR_NEW ? find_in(m->cur, name, f->fd) : result;
}

bool deliver_maildir_create(const struct maildir *m, struct maildir_file *f, const text *name)
{
  f->fd = openat(m->new, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (f->fd != -1 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return f->fd != -1;
  text_copy_bytes(&f->temporary, name->s, name->len);
  if (unlinkat(m->tmp, text_string(&f->temporary), 0) == -1 && errno != ENOENT) return false;
  f->fd = openat(m->tmp, f->temporary.s, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
  return f->fd != -1;
}

static bool give_name(const struct maildir *m, const struct maildir_file *f, const char *name)
{
  char path[sizeof "/proc/self/fd/" + 12];

  if (f->temporary.len) return !linkat(m->tmp, f->temporary.s, m->new, name, 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", f->fd);
  return !linkat(AT_FDCWD, path, m->new, name, AT_SYMLINK_FOLLOW);
}

enum deliver_maildir_result deliver_maildir_link(const struct maildir *m, const struct maildir_file *f, const text *name)
{
  while (!give_name(m, f, name->s)) {
    if (errno != EEXIST) return DELIVER_MAILDIR_BROKEN;
    enum deliver_maildir_result there = settle(m->new, name->s, f->fd);
    if (there != DELIVER_MAILDIR_NEW) return there;
  }
  return sync_linked(f->fd, m->new) ? DELIVER_MAILDIR_NEW : DELIVER_MAILDIR_BROKEN;
}

void deliver_maildir_close(const struct maildir *m, struct maildir_file *f)
{
  int e = errno;

  if (f->temporary.len) unlinkat(m->tmp, f->temporary.s, 0);
  if (f->fd != -1) close(f->fd);
  text_free(&f->temporary);
  errno = e;
}
