#include "deliver/deliver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "deliver/message.h"
#include "deliver/name.h"
#include "lib/log.h"

enum { CHUNK = 65536 };

#define XFS_MAGIC 0x58465342 /* <linux/magic.h> has it not */

struct maildir {
  int new, cur, tmp;
};

struct file {
  int fd;
  bool is_named;         /* it has a name in tmp: the file system has no O_TMPFILE */
  uint64_t size;         /* as it is written */
  uint64_t virtual_size; /* with CRLF, as IMAP counts */
};

struct outcome {
  const char *state, *status, *text;
};

static const struct outcome delivered = { "done", "2.0.0", "delivered" };
static const struct outcome was_there = { "done", "2.0.0", "delivered already, at a former attempt" };
static const struct outcome loops = { "never", "5.4.6", "this message was delivered to this address before: a mail loop" };

static struct outcome system_failure(const char *what)
{
  switch (errno) {
  case EDQUOT: return (struct outcome){ "later", "4.2.2", "the mailbox is over its quota" };
  case ENOSPC: return (struct outcome){ "later", "4.3.1", "the disk is full" };
  case ELOOP:
  case ENOTDIR: return (struct outcome){ "later", "4.3.5", "new, cur or tmp of this mailbox is not a folder: no links there" };
  case EPERM: return (struct outcome){ "later", "4.3.5", "new, cur or tmp of this mailbox has another owner" };
  case EACCES: return (struct outcome){ "later", "4.2.0", "the mailbox's folder may not be written by its owner" };
  default: return (struct outcome){ "later", "4.3.0", what };
  }
}

enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static bool make_folder(const char *name)
{
  if (mkdir(name, 0700) == -1) return errno == EEXIST;
  int here = open(".", FOLDER);
  bool is_synced = here != -1 && !fsync(here);
  close(here);
  return is_synced;
}

/* A folder of the Maildir, made if it is missing. Never through a link, never somebody else's. */
static int open_folder(const char *name)
{
  struct stat st;
  int fd = open(name, FOLDER);

  if (fd == -1 && errno == ENOENT && make_folder(name)) fd = open(name, FOLDER);
  if (fd == -1 || (!fstat(fd, &st) && st.st_uid == geteuid())) return fd;
  close(fd);
  errno = EPERM;
  return -1;
}

static bool maildir_open(struct maildir *m)
{
  return (m->new = open_folder("new")) != -1 && (m->cur = open_folder("cur")) != -1 && (m->tmp = open_folder("tmp")) != -1;
}

static bool folder_has(int folder, const text *name)
{
  int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd == -1 ? 0 : fdopendir(fd);
  bool found = false;

  if (!dir) return false;
  for (struct dirent *entry; !found && (entry = readdir(dir));) found = deliver_name_is(name, entry->d_name);
  closedir(dir);
  return found;
}

static bool write_all(struct file *f, const text *bytes)
{
  for (size_t done = 0; done < bytes->len;) {
    ssize_t written = write(f->fd, bytes->s + done, bytes->len - done);
    if (written == -1 && errno != EINTR) return false;
    if (written > 0) done += (size_t)written;
  }
  f->size += bytes->len;
  return true;
}

static bool write_message(struct file *f, const struct delivery *d, const char *bytes, size_t length)
{
  static text chunk = TEXT_ZERO;

  deliver_message_head(&chunk, d->sender, d->recipient);
  f->virtual_size = chunk.len + 2 + length; /* two lines */
  for (size_t done = 0; done < length;) {
    size_t part = length - done < CHUNK ? length - done : CHUNK;
    size_t taken = deliver_message_lines(&chunk, bytes + done, part);
    if (taken < part && done + part == length) {
      text_add_char(&chunk, '\r');
      taken = part;
    }
    done += taken;
    if (!write_all(f, &chunk)) return false;
    text_clear(&chunk);
  }
  return !chunk.len || write_all(f, &chunk);
}

static bool open_file(struct file *f, const struct maildir *m, const text *name)
{
  f->fd = openat(m->new, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (f->fd != -1 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return f->fd != -1;
  f->is_named = true;
  if (unlinkat(m->tmp, name->s, 0) == -1 && errno != ENOENT) return false;
  f->fd = openat(m->tmp, name->s, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
  return f->fd != -1;
}

/* The bytes are on disk when this returns, but the disk's own cache. ext4 and XFS write the inode and the folder's entry
   in one journal, in order, and flush that cache when the folder is synced: so one flush does for both. Elsewhere, two. */
static bool write_out(int fd)
{
  struct statfs fs;

  if (fstatfs(fd, &fs) == -1 || (fs.f_type != EXT4_SUPER_MAGIC && fs.f_type != XFS_MAGIC)) return !fsync(fd);
  return !sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

/* Gives the file its name in new, never in the place of another one. EEXIST: it is there already. */
static bool link_file(const struct file *f, const struct maildir *m, const text *temporary, const char *name)
{
  char path[32];

  if (f->is_named) {
    bool linked = !linkat(m->tmp, temporary->s, m->new, name, 0);
    int e = errno;
    unlinkat(m->tmp, temporary->s, 0);
    errno = e;
    return linked;
  }
  snprintf(path, sizeof path, "/proc/self/fd/%d", f->fd);
  return !linkat(AT_FDCWD, path, m->new, name, AT_SYMLINK_FOLLOW);
}

/* name grows by ",S=SIZE,W=SIZE", as Dovecot has them: nobody need read the file to know its size. */
static struct outcome store(const struct delivery *d, const struct maildir *m, text *name, const char *bytes, size_t length)
{
  struct file file = { .fd = -1 };
  text temporary = TEXT_ZERO;

  text_add_text(&temporary, name);
  text_string(&temporary);
  if (!open_file(&file, m, &temporary)) return system_failure("unable to make a file in the mailbox");
  if (!write_message(&file, d, bytes, length)) return system_failure("unable to write the message");
  if (!write_out(file.fd)) return system_failure("unable to sync the message");
  text_add_format(name, ",S=%llu,W=%llu", (unsigned long long)file.size, (unsigned long long)file.virtual_size);
  bool is_new = link_file(&file, m, &temporary, text_string(name));
  if (!is_new && errno != EEXIST) return system_failure("unable to link the message into new");
  if (fsync(m->new) == -1) return system_failure("unable to sync the folder new");
  close(file.fd);
  text_free(&temporary);
  return is_new ? delivered : was_there;
}

static struct outcome deliver_into(const struct delivery *d, const struct maildir *m, text *name)
{
  struct stat st;

  if (d->is_again && (folder_has(m->cur, name) || folder_has(m->new, name))) return was_there;
  if (fstat(d->message, &st) == -1 || (uint64_t)st.st_size < d->offset) {
    errno = EIO;
    return system_failure("the queue file is shorter than its envelope says");
  }
  size_t length = (size_t)st.st_size;
  const char *file = length ? mmap(0, length, PROT_READ, MAP_PRIVATE, d->message, 0) : "";
  if (file == MAP_FAILED) return system_failure("unable to map the queue file");
  const char *bytes = file + d->offset;
  if (deliver_message_loops(bytes, length - d->offset, d->recipient)) return loops;
  return store(d, m, name, bytes, length - d->offset);
}

void deliver_run(const struct delivery *d, text *outcome)
{
  text name = TEXT_ZERO, line = TEXT_ZERO;
  struct maildir maildir;
  struct outcome result;

  deliver_name_make(&name, d->id, d->recipient, d->host);
  if (maildir_open(&maildir))
    result = deliver_into(d, &maildir, &name);
  else
    result = system_failure("unable to open the mailbox's folders new, cur and tmp");
  text_add_format(&line, "%s %s 000 %s", result.state, result.status, result.text);
  record_add(outcome, "remote", text_string(&name));
  record_add(outcome, "recipient", text_string(&line));
  log_event("delivery", "id", d->id, "recipient", d->recipient, "mailbox", d->mailbox, "file", name.s, "state",
            result.state, "status", result.status, "text", result.text, (char *)0);
}
