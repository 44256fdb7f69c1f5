#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdb.h>

#include "lib/die.h"
#include "lib/lookup.h"

struct lookup {
  struct cdb cdb;
  dev_t device;
  ino_t inode;
};

struct lookup *lookup_open(const char *path)
{
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct lookup *l;

  if (fd == -1) return 0;
  l = malloc(sizeof *l);
  if (!l) die_nomem();
  if (fstat(fd, &status) == -1 || cdb_init(&l->cdb, fd) == -1) {
    int e = errno;
    free(l);
    close(fd);
    errno = e;
    return 0;
  }
  close(fd); /* the map stays */
  l->device = status.st_dev;
  l->inode = status.st_ino;
  return l;
}

void lookup_close(struct lookup *l)
{
  if (!l) return;
  cdb_free(&l->cdb);
  free(l);
}

bool lookup_is_at(const struct lookup *l, const char *path)
{
  struct stat status;
  return !stat(path, &status) && status.st_dev == l->device && status.st_ino == l->inode;
}

enum lookup_result lookup_find(struct lookup *l, const char *key, size_t length, text *value)
{
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
