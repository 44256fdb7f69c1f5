#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdb.h>

#include "ldapsync/cdb_write.h"
#include "lib/die.h"

struct cdb_write {
  struct cdb_make cdb;
  text key;
  size_t count;
  int fd;
  int error;
};

struct cdb_write *cdb_write_open(const char *path)
{
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd == -1) return 0;
  struct cdb_write *w = malloc(sizeof *w);
  if (!w) die_nomem();
  w->key = (text)TEXT_ZERO;
  w->count = 0;
  w->fd = fd;
  w->error = cdb_make_start(&w->cdb, fd) == -1 ? errno : 0;
  return w;
}

void cdb_write_add(struct cdb_write *w, const char *kind, const char *key, const text *record)
{
  w->count++;
  text_copy(&w->key, kind);
  text_add_char(&w->key, ':');
  text_add(&w->key, key);
  if (w->error) return;
  if (w->key.len > UINT_MAX || record->len > UINT_MAX)
    w->error = EFBIG;
  else if (cdb_make_add(&w->cdb, w->key.s, (unsigned int)w->key.len, record->s, (unsigned int)record->len) == -1)
    w->error = errno;
}

size_t cdb_write_count(const struct cdb_write *w) { return w->count; }

bool cdb_write_close(struct cdb_write *w, mode_t mode, gid_t group)
{
  if (cdb_make_finish(&w->cdb) == -1 && !w->error) w->error = errno;
  if (!w->error && group != (gid_t)-1 && fchown(w->fd, (uid_t)-1, group) == -1) w->error = errno;
  if (!w->error && fchmod(w->fd, mode) == -1) w->error = errno;
  if (!w->error && fsync(w->fd) == -1) w->error = errno;
  if (close(w->fd) == -1 && !w->error) w->error = errno;
  int e = w->error;
  text_free(&w->key);
  free(w);
  errno = e;
  return !e;
}

enum { CDB_HEAD = 2048, CDB_RECORD_HEAD = 8 };

static size_t little_endian(const unsigned char *b)
{
  return (size_t)b[0] | (size_t)b[1] << 8 | (size_t)b[2] << 16 | (size_t)b[3] << 24;
}

/* The file as it lies in memory; 0 if it is not there or cannot be one of ours. */
static const unsigned char *map_file(const char *path, size_t *length)
{
  struct stat status;
  void *bytes = MAP_FAILED;
  int fd = open(path, O_RDONLY | O_CLOEXEC);

  if (fd == -1) return 0;
  if (fstat(fd, &status) == 0 && status.st_size > CDB_HEAD + CDB_RECORD_HEAD) {
    *length = (size_t)status.st_size;
    bytes = mmap(0, *length, PROT_READ, MAP_SHARED, fd, 0);
  }
  close(fd);
  return bytes == MAP_FAILED ? 0 : bytes;
}

static bool are_same(const unsigned char *a, const unsigned char *b, size_t length)
{
  size_t first = CDB_HEAD + CDB_RECORD_HEAD + little_endian(a + CDB_HEAD) + little_endian(a + CDB_HEAD + 4);

  return first <= length && !memcmp(a, b, CDB_HEAD + CDB_RECORD_HEAD) && !memcmp(a + first, b + first, length - first);
}

bool cdb_are_same(const char *path, const char *other)
{
  size_t a_length = 0, b_length = 0;
  const unsigned char *a = map_file(path, &a_length), *b = map_file(other, &b_length);
  bool same = a && b && a_length == b_length && are_same(a, b, a_length);

  if (a) munmap((void *)a, a_length);
  if (b) munmap((void *)b, b_length);
  return same;
}
