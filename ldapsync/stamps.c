#include "ldapsync/stamps.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ldapsync/sources.h"
#include "lib/die.h"
#include "lib/hash.h"

/* In any order: they are added up. */
static uint64_t stamp(const char *path, const struct stat *s)
{
  const uint64_t facts[] = { (uint64_t)s->st_dev, (uint64_t)s->st_ino, (uint64_t)s->st_size, (uint64_t)s->st_mode,
                             (uint64_t)s->st_mtim.tv_sec, (uint64_t)s->st_mtim.tv_nsec, (uint64_t)s->st_ctim.tv_sec, (uint64_t)s->st_ctim.tv_nsec };

  return hash_add(hash_add(HASH_START, path, strlen(path)), facts, sizeof facts);
}

static uint64_t stamp_file(const char *path)
{
  struct stat s;
  return stat(path, &s) == -1 ? 0 : stamp(path, &s);
}

static bool ends(const char *name, const char *ending)
{
  size_t length = strlen(name), size = strlen(ending);
  return length >= size && !strcmp(name + length - size, ending);
}

/* The files whose names end so, and those in folders. A folder that cannot be read is none that a build reads. */
static uint64_t stamp_folder(const char *folder, const char *ending)
{
  DIR *open = opendir(folder);
  text path = TEXT_ZERO;
  uint64_t sum = 0;

  for (const struct dirent *e; open && (e = readdir(open));) {
    struct stat s;
    text_clear(&path);
    text_add_format(&path, "%s/%s", folder, e->d_name);
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !strcmp(text_string(&path), SOURCES_WATCHED) || stat(path.s, &s) == -1) continue;
    sum += S_ISDIR(s.st_mode) ? stamp_folder(path.s, ending) : ends(path.s, ending) ? stamp(path.s, &s) : 0;
  }
  if (open) closedir(open);
  text_free(&path);
  return sum;
}

void stamps_take(struct stamps *s)
{
  s->files = stamp_folder("control", "") + stamp_folder("profiles", "") + stamp_folder("directory", ".ldif") +
             stamp_folder("state/directory", ".ldif") + stamp_file("/etc/passwd");
  s->uids = stamp_file("state/tables/uids");
}

/* A file's times go on in ticks of the kernel's clock: one that was written just now may be written again in the same tick. */
void stamps_begin(struct stamps *s)
{
  struct timespec tick;

  stamps_take(s);
  if (clock_getres(CLOCK_REALTIME_COARSE, &tick) == -1) die_unable("ask how exact the clock is");
  tick.tv_nsec++;
  while (nanosleep(&tick, &tick) == -1 && errno == EINTR) continue;
}
