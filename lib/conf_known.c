#include "lib/conf_known.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { BYTES_MAX = 16384, QUIET_SECONDS = 3, ROOM = 256 * 1024 };

struct file {
  size_t name, bytes, length; /* in store: ended by a NUL; so many bytes */
  struct stat status;
  bool is_kept;               /* else it is there, no more is known */
};

/* Two blocks that are too large for the heap: a child that writes there copies none of this. */
static struct {
  struct stat folder;
  text files, store; /* struct file; what they name and hold */
  bool is_whole;     /* what is not among the files was not in the folder */
  bool is_young;     /* something was left out because it had just been changed */
  time_t looked;
} known;

static bool is_sure; /* the folder is what it was, a moment ago */

static bool is_same(const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A later change gets a later time than this one has, even if the file system counts in seconds. */
static bool is_quiet(const struct stat *status, time_t now)
{
  return status->st_mtim.tv_sec + QUIET_SECONDS < now && status->st_ctim.tv_sec + QUIET_SECONDS < now;
}

static bool has_good_times(void)
{
  struct statfs s;

  if (statfs("control", &s) == -1) return false;
  switch ((unsigned long)s.f_type) {
  case EXT4_SUPER_MAGIC:
  case XFS_SUPER_MAGIC:
  case BTRFS_SUPER_MAGIC:
  case F2FS_SUPER_MAGIC:
  case TMPFS_MAGIC: return true;
  default: return false;
  }
}

/* Stands until the next one. It is made before the folder is opened, so that what that takes of the heap can be given back. */
static const char *path_of(const char *name)
{
  static text path = TEXT_ZERO;

  text_copy(&path, "control/");
  text_add(&path, name);
  return text_string(&path);
}

static size_t file_count(void) { return known.files.len / sizeof(struct file); }

static struct file *file_at(size_t i) { return (struct file *)(void *)known.files.s + i; }

static bool add_bytes(struct file *f, int fd)
{
  text_ready(&known.store, BYTES_MAX + 1);
  ssize_t size = read(fd, known.store.s + known.store.len, BYTES_MAX + 1);

  if (size < 0 || size > BYTES_MAX) return false;
  f->bytes = known.store.len;
  f->length = (size_t)size;
  known.store.len += f->length;
  return true;
}

/* Its times are looked at behind the reading: who wrote meanwhile has made it young. */
static void add_file(const char *name, time_t now)
{
  struct file f = { .name = known.store.len };
  int fd = open(path_of(name), O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  text_add_bytes(&known.store, name, strlen(name) + 1);
  if (fd != -1 && !fstat(fd, &f.status) && S_ISREG(f.status.st_mode) && f.status.st_size <= BYTES_MAX) {
    f.is_kept = add_bytes(&f, fd) && !fstat(fd, &f.status) && is_quiet(&f.status, now);
    known.is_young |= !f.is_kept;
  }
  if (fd != -1) close(fd);
  text_add_bytes(&known.files, (const char *)&f, sizeof f);
}

/* The folder's times are looked at before it is read: who changes it meanwhile makes them differ. */
static void learn(const struct stat *folder, time_t now)
{
  DIR *names;

  known.is_whole = false;
  text_clear(&known.files);
  text_clear(&known.store);
  text_ready(&known.files, ROOM);
  text_ready(&known.store, ROOM);
  path_of("a-name-that-is-as-long-as-any-control-file-has");
  if (!has_good_times() || !(names = opendir("control"))) return;
  known.folder = *folder;
  known.is_young = !is_quiet(folder, now);
  known.is_whole = !known.is_young;
  for (struct dirent *one; (one = readdir(names));)
    if (*one->d_name != '.') add_file(one->d_name, now);
  closedir(names);
}

static bool is_file_the_same(const struct file *f)
{
  struct stat status;
  return !stat(path_of(known.store.s + f->name), &status) && is_same(&status, &f->status);
}

static bool has_changed(const struct stat *folder)
{
  bool same = known.is_whole && !known.is_young && is_same(folder, &known.folder);

  for (size_t i = 0; same && i < file_count(); i++) same = !file_at(i)->is_kept || is_file_the_same(file_at(i));
  return !same;
}

void conf_learn(void) { conf_learn_at(time(0)); }

void conf_learn_at(time_t now)
{
  struct stat folder;

  is_sure = false;
  if (now == known.looked) return;
  known.looked = now;
  if (stat("control", &folder) == -1)
    known.is_whole = false;
  else if (has_changed(&folder))
    learn(&folder, now);
}

void conf_waited(void) { is_sure = false; }

static bool is_folder_the_same(void)
{
  struct stat folder;

  if (!is_sure) is_sure = !stat("control", &folder) && is_same(&folder, &known.folder);
  return is_sure;
}

enum conf_known conf_known(const char *name, text *bytes)
{
  const struct file *f = 0;

  if (!known.is_whole || strchr(name, '/')) return CONF_UNKNOWN;
  for (size_t i = 0; !f && i < file_count(); i++)
    if (!strcmp(known.store.s + file_at(i)->name, name)) f = file_at(i);
  if (!f) return is_folder_the_same() ? CONF_ABSENT : CONF_UNKNOWN;
  if (!f->is_kept || !is_file_the_same(f)) return CONF_UNKNOWN;
  text_copy_bytes(bytes, known.store.s + f->bytes, f->length);
  return CONF_KNOWN;
}
