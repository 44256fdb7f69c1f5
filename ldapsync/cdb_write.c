#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdb.h>

#include "ldapsync/cdb_write.h"
#include "lib/die.h"

enum { CDB_HEAD = 2048, CDB_RECORD_HEAD = 8, CDB_SLOT = 8, BEGIN_BYTES = 8 * 1024 * 1024 };

struct cdb_write {
  struct cdb_make cdb;
  text key;
  size_t count;
  int fd;
  off_t begun; /* the disk has been told of what is before */
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
  w->begun = 0;
  w->fd = fd;
  w->error = cdb_make_start(&w->cdb, fd) == -1 ? errno : 0;
  return w;
}

/* Where the file would end with one record more: each has two slots of a hash table. */
static uint64_t end_with(const struct cdb_write *w, uint64_t bytes) { return w->cdb.cdb_dpos + CDB_RECORD_HEAD + bytes + ((uint64_t)w->cdb.cdb_rcnt + 1) * 2 * CDB_SLOT; }

/* The disk begins with what there is while the rest is made, so that fsync finds little to do. */
static void begin_writing(struct cdb_write *w)
{
  off_t end = (off_t)w->cdb.cdb_dpos;

  if (end - w->begun < BEGIN_BYTES) return;
  sync_file_range(w->fd, w->begun, end - w->begun, SYNC_FILE_RANGE_WRITE);
  w->begun = end;
}

void cdb_write_add(struct cdb_write *w, const char *kind, const char *key, const text *record)
{
  w->count++;
  text_copy(&w->key, kind);
  text_add_char(&w->key, ':');
  text_add(&w->key, key);
  if (w->error) return;
  if (end_with(w, w->key.len + record->len) > UINT_MAX)
    w->error = EFBIG;
  else if (cdb_make_add(&w->cdb, w->key.s, (unsigned int)w->key.len, record->s, (unsigned int)record->len) == -1)
    w->error = errno;
  begin_writing(w);
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

enum { AT_ONCE = 256 * 1024 };

static size_t little_endian(const unsigned char *b)
{
  return (size_t)b[0] | (size_t)b[1] << 8 | (size_t)b[2] << 16 | (size_t)b[3] << 24;
}

/* The length of the file, if it can be one of ours; 0 if not. */
static off_t open_one(const char *path, int *fd)
{
  struct stat status;

  *fd = open(path, O_RDONLY | O_CLOEXEC);
  return *fd != -1 && !fstat(*fd, &status) && status.st_size > CDB_HEAD + CDB_RECORD_HEAD ? status.st_size : 0;
}

static bool read_at(int fd, unsigned char *bytes, size_t length, off_t at)
{
  for (ssize_t got; length; bytes += got, length -= (size_t)got, at += got)
    if ((got = pread(fd, bytes, length, at)) <= 0) return false;
  return true;
}

/* Read, not mapped: a large file that was compared would be in the memory of who compares it. */
static bool are_same(int a, int b, off_t from, off_t end)
{
  static unsigned char one[AT_ONCE], other[AT_ONCE];

  for (size_t length; from < end; from += (off_t)length) {
    length = end - from < AT_ONCE ? (size_t)(end - from) : AT_ONCE;
    if (!read_at(a, one, length, from) || !read_at(b, other, length, from) || memcmp(one, other, length)) return false;
  }
  return from == end;
}

/* Behind the value of the first record. */
static off_t second_record(int fd)
{
  unsigned char head[CDB_RECORD_HEAD];

  if (!read_at(fd, head, sizeof head, CDB_HEAD)) return 0;
  return (off_t)(CDB_HEAD + CDB_RECORD_HEAD + little_endian(head) + little_endian(head + 4));
}

bool cdb_are_same(const char *path, const char *other)
{
  int a, b;
  off_t a_length = open_one(path, &a), b_length = open_one(other, &b);
  bool same = a_length && a_length == b_length && are_same(a, b, 0, CDB_HEAD + CDB_RECORD_HEAD) && are_same(a, b, second_record(a), a_length);

  if (a != -1) close(a);
  if (b != -1) close(b);
  return same;
}
