#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdb.h>

#include "lib/die.h"
#include "lib/lookup.h"

enum { HEADS = 256, PAIR = 8, SLOTS_AT_ONCE = 16, RECORD_AT_ONCE = 1024, KEY_MAX = 512, SMALL = 256 * 1024 };

struct lookup {
  struct cdb cdb;
  dev_t device;
  ino_t inode;
  int fd;        /* -1: looked up in the map */
  uint64_t size; /* of the file */
  unsigned char heads[HEADS * PAIR]; /* where the hash tables are, and how long: the file's beginning */
};

static bool open_file(struct lookup *l, int fd, bool is_read)
{
  struct stat status;

  if (fstat(fd, &status) == -1 || cdb_init(&l->cdb, fd) == -1) return false;
  l->device = status.st_dev;
  l->inode = status.st_ino;
  l->size = (uint64_t)status.st_size;
  is_read = is_read && l->size > SMALL && pread(fd, l->heads, sizeof l->heads, 0) == (ssize_t)sizeof l->heads;
  l->fd = is_read ? fd : -1;
  if (!is_read) close(fd); /* the map stays */
  return true;
}

static struct lookup *open_one(const char *path, bool is_read)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct lookup *l;

  if (fd == -1) return 0;
  l = malloc(sizeof *l);
  if (!l) die_nomem();
  if (!open_file(l, fd, is_read)) {
    int e = errno;
    free(l);
    close(fd);
    errno = e;
    return 0;
  }
  return l;
}

struct lookup *lookup_open(const char *path) { return open_one(path, false); }

struct lookup *lookup_open_to_read(const char *path) { return open_one(path, true); }

bool lookup_reads(const struct lookup *l) { return l->fd != -1; }

void lookup_close(struct lookup *l)
{
  if (!l) return;
  cdb_free(&l->cdb);
  if (l->fd != -1) close(l->fd);
  free(l);
}

bool lookup_is_at(const struct lookup *l, const char *path)
{
  struct stat status;
  return !stat(path, &status) && status.st_dev == l->device && status.st_ino == l->inode;
}

/* The record at a position: is it the key's? Nothing that the file says is believed before it is compared with its size. */
static enum lookup_result read_record(const struct lookup *l, uint64_t at, const char *key, size_t length, text *value)
{
  unsigned char bytes[RECORD_AT_ONCE];
  ssize_t size = pread(l->fd, bytes, sizeof bytes, (off_t)at);

  if (size < PAIR) return LOOKUP_BROKEN;
  uint64_t key_length = cdb_unpack(bytes), data_length = cdb_unpack(bytes + 4), start = PAIR + key_length, there = (uint64_t)size;
  if (at + start + data_length > l->size) return LOOKUP_BROKEN;
  if (key_length != length) return LOOKUP_ABSENT;
  if (there < start) return LOOKUP_BROKEN;
  if (memcmp(bytes + PAIR, key, length)) return LOOKUP_ABSENT;
  uint64_t first = there - start < data_length ? there - start : data_length;
  text_copy_bytes(value, (const char *)bytes + start, first);
  text_ready(value, data_length - first + 1);
  for (ssize_t more; value->len < data_length; value->len += (size_t)more)
    if ((more = pread(l->fd, value->s + value->len, data_length - value->len, (off_t)(at + start + value->len))) <= 0) return LOOKUP_BROKEN;
  return LOOKUP_FOUND;
}

/* The hash table of a key, from the key's slot on and around: a slot of another hash is passed over, an empty one is the end. */
static enum lookup_result find_by_reading(const struct lookup *l, const char *key, size_t length, text *value)
{
  unsigned char slots[SLOTS_AT_ONCE * PAIR];
  unsigned int hash = cdb_hash(key, (unsigned int)length);
  const unsigned char *head = l->heads + hash % HEADS * PAIR;
  uint64_t table = cdb_unpack(head), count = cdb_unpack(head + 4), slot = count ? (hash >> 8) % count : 0, here = 0, i = 0;

  if (table + count * PAIR > l->size) return LOOKUP_BROKEN;
  for (uint64_t seen = 0; seen < count; seen++, i++) {
    if (i == here) {
      slot = (slot + here) % count;
      here = count - slot < SLOTS_AT_ONCE ? count - slot : SLOTS_AT_ONCE;
      i = 0;
      if (pread(l->fd, slots, here * PAIR, (off_t)(table + slot * PAIR)) != (ssize_t)(here * PAIR)) return LOOKUP_BROKEN;
    }
    uint64_t at = cdb_unpack(slots + i * PAIR + 4);
    if (!at) return LOOKUP_ABSENT;
    if (cdb_unpack(slots + i * PAIR) != hash) continue;
    enum lookup_result result = read_record(l, at, key, length, value);
    if (result != LOOKUP_ABSENT) return result;
  }
  return LOOKUP_ABSENT;
}

enum lookup_result lookup_find(struct lookup *l, const char *key, size_t length, text *value)
{
  if (l->fd != -1 && length <= KEY_MAX) return find_by_reading(l, key, length, value);

  int found = cdb_find(&l->cdb, key, (unsigned int)length);

  if (found < 0) return LOOKUP_BROKEN;
  if (!found) return LOOKUP_ABSENT;
  const void *data = cdb_getdata(&l->cdb);
  if (!data) return LOOKUP_BROKEN;
  text_copy_bytes(value, data, cdb_datalen(&l->cdb));
  return LOOKUP_FOUND;
}

enum lookup_result lookup_walk(struct lookup *l, size_t *at, text *key, text *value)
{
  unsigned int position = (unsigned int)*at;

  if (!position) cdb_seqinit(&position, &l->cdb);
  int found = cdb_seqnext(&position, &l->cdb);
  if (found < 0) return LOOKUP_BROKEN;
  if (!found) return LOOKUP_ABSENT;
  const void *name = cdb_getkey(&l->cdb), *data = cdb_getdata(&l->cdb);
  if (!name || !data) return LOOKUP_BROKEN;
  text_copy_bytes(key, name, cdb_keylen(&l->cdb));
  text_copy_bytes(value, data, cdb_datalen(&l->cdb));
  *at = position;
  return LOOKUP_FOUND;
}
