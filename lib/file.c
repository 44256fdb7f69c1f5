#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "lib/die.h"
#include "lib/file.h"

bool file_read(const char *path, text *bytes)
{
  text_clear(bytes);
  if (openslurpclose(bytes, path)) return true;
  if (errno != ENOENT) die_unable("read ", path);
  return false;
}

int file_sealed(const char *name, const text *bytes)
{
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd == -1) return -1;
  if (allwrite(fd, bytes->s, bytes->len) == bytes->len && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != -1) return fd;
  int e = errno;
  close(fd);
  errno = e;
  return -1;
}

bool folder_sync(const char *folder)
{
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1) return false;
  int result = fsync(fd), e = errno;
  close(fd);
  errno = e;
  return result == 0;
}

static bool give_to_owner(int fd, const char *folder)
{
  struct stat status;

  if (geteuid()) return true;
  if (stat(folder, &status) == -1) return false;
  return fchown(fd, status.st_uid, status.st_gid) == 0;
}

static bool write_aside(const char *folder, const char *path, const text *bytes, mode_t mode)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0600);
  if (fd == -1) return false;
  bool good = allwrite(fd, bytes->s, bytes->len) == bytes->len && give_to_owner(fd, folder) && fchmod(fd, mode) == 0 &&
              fsync(fd) == 0;
  int e = errno;
  close(fd);
  errno = e;
  return good;
}

static bool put(const char *folder, const char *name, const text *bytes, mode_t mode, unsigned int rename_flags)
{
  text aside = TEXT_ZERO, path = TEXT_ZERO;

  text_add_format(&aside, "%s/.%s.%ld", folder, name, (long)getpid());
  text_add_format(&path, "%s/%s", folder, name);
  text_string(&aside);
  text_string(&path);
  unlink(aside.s); /* left by a process of this pid that was killed */
  bool written = write_aside(folder, aside.s, bytes, mode);
  bool good = written && renameat2(AT_FDCWD, aside.s, AT_FDCWD, path.s, rename_flags) == 0;
  int e = errno;
  if (!good) unlink(aside.s);
  errno = e;
  if (good) good = folder_sync(folder);
  e = errno;
  text_free(&aside);
  text_free(&path);
  errno = e;
  return good;
}

bool file_replace(const char *folder, const char *name, const text *bytes, mode_t mode)
{
  return put(folder, name, bytes, mode, 0);
}

bool file_create(const char *folder, const char *name, const text *bytes, mode_t mode)
{
  return put(folder, name, bytes, mode, RENAME_NOREPLACE);
}

static bool ends_with(const char *name, const char *ending)
{
  size_t length = strlen(name), end = strlen(ending);
  return length >= end && !strcmp(name + length - end, ending);
}

static int compare_names(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_names(text *names)
{
  size_t count = 0, i = 0;

  for (size_t at = 0; at < names->len; at++) count += !names->s[at];
  if (count < 2) return;
  const char **sorted = malloc(count * sizeof *sorted);
  text copy = TEXT_ZERO;
  if (!sorted) die_nomem();
  text_add_text(&copy, names);
  for (size_t at = 0; at < copy.len; at += strlen(copy.s + at) + 1) sorted[i++] = copy.s + at;
  qsort(sorted, count, sizeof *sorted, compare_names);
  text_clear(names);
  for (i = 0; i < count; i++) text_add_bytes(names, sorted[i], strlen(sorted[i]) + 1);
  text_free(&copy);
  free(sorted);
}

bool folder_names(const char *folder, const char *ending, text *names)
{
  DIR *d = opendir(folder);

  text_clear(names);
  if (!d) return false;
  errno = 0;
  for (struct dirent *entry; (entry = readdir(d)); errno = 0)
    if (entry->d_name[0] != '.' && (!ending || ends_with(entry->d_name, ending)))
      text_add_bytes(names, entry->d_name, strlen(entry->d_name) + 1);
  int e = errno;
  closedir(d);
  errno = e;
  if (e) return false;
  sort_names(names);
  return true;
}

void file_name_add(text *path, const char *name, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    char c = name[i];
    bool is_safe = (c >= 'a' && c <= 'z') || ascii_is_digit(c) || (c && strchr("_+=", c)) || (i && c && strchr(".-", c));
    if (is_safe)
      text_add_char(path, c);
    else
      text_add_format(path, "%%%02X", (unsigned char)c);
  }
}
