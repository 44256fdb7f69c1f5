#include "admin/purge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/text.h"

enum { DEPTH_MAX = 200 };

/* False with errno. */
static bool empty(int fd, unsigned int depth);

static bool remove_one(int folder, const char *name, unsigned int depth)
{
  if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR && errno != EPERM) return false;
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1) return errno == ENOENT;
  return empty(fd, depth + 1) && unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

static bool empty(int fd, unsigned int depth)
{
  DIR *dir = depth < DEPTH_MAX ? fdopendir(fd) : 0;
  bool good = true;

  if (!dir) {
    if (depth >= DEPTH_MAX) errno = ELOOP;
    return false;
  }
  errno = 0;
  for (struct dirent *one; good && (one = readdir(dir)); errno = 0)
    if (strcmp(one->d_name, ".") && strcmp(one->d_name, "..")) good = remove_one(dirfd(dir), one->d_name, depth);
  good = good && !errno;
  int e = errno;
  closedir(dir);
  errno = e;
  return good;
}

void purge_mail(const char *path)
{
  text whole = TEXT_ZERO, parent = TEXT_ZERO;
  const char *name = strrchr(path, '/');

  if (*path == '/' || !name || !name[1] || strstr(path, "/.")) die_permanent("mail in ", path, " is not below mail/, and is not removed");
  text_add_format(&whole, "mail/%s", path);
  text_add_format(&parent, "mail/%.*s", (int)(name - path), path);
  int fd = open(text_string(&parent), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1 && errno != ENOENT) die_unable("open ", parent.s);
  if (fd != -1 && (!remove_one(fd, name + 1, 0) || fsync(fd) == -1)) die_unable("remove ", text_string(&whole));
  if (fd != -1) close(fd);
  text_free(&whole);
  text_free(&parent);
}
