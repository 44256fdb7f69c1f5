#include "imap/message.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/header.h"

#define READ_MAX (256 * 1024) /* a larger file is mapped */

static void let_go(struct imap_loaded *l)
{
  if (l->is_mapped) munmap((void *)l->bytes, l->length);
  l->is_mapped = l->is_read = l->is_stat = false;
  l->bytes = 0;
  l->length = 0;
  l->parsed = IMAP_PARSED_NOTHING;
}

void imap_loaded_start(struct imap_loaded *l, struct imap_folder *folder, size_t place)
{
  let_go(l);
  l->folder = folder;
  l->place = place;
}

void imap_loaded_free(struct imap_loaded *l)
{
  let_go(l);
  mime_free(&l->mime);
  text_free(&l->memory);
}

static bool read_whole(struct imap_loaded *l, int fd, size_t size)
{
  text_clear(&l->memory);
  text_ready(&l->memory, size + 1);
  while (l->memory.len < size) {
    ssize_t got = read(fd, l->memory.s + l->memory.len, size - l->memory.len);
    if (got == -1 && errno == EINTR) continue;
    if (got == -1) return false;
    if (!got) break;
    l->memory.len += (size_t)got;
  }
  l->bytes = l->memory.s;
  l->length = l->memory.len;
  return true;
}

static bool map_whole(struct imap_loaded *l, int fd, size_t size)
{
  void *map = mmap(0, size, PROT_READ, MAP_PRIVATE, fd, 0);

  if (map == MAP_FAILED) return false;
  l->bytes = map;
  l->length = size;
  l->is_mapped = true;
  return true;
}

static bool load(struct imap_loaded *l, bool reads)
{
  struct stat status;
  int fd = imap_folder_open_message(l->folder, l->place);

  if (fd == -1) return false;
  bool fine = !fstat(fd, &status);
  if (fine) {
    l->date_seconds = status.st_mtime;
    l->is_stat = true;
  }
  if (fine && reads) {
    size_t size = (size_t)status.st_size;
    fine = l->is_read = size > READ_MAX ? map_whole(l, fd, size) : read_whole(l, fd, size);
  }
  int error = errno;
  close(fd);
  errno = error;
  return fine;
}

bool imap_loaded_stat(struct imap_loaded *l)
{
  return l->is_stat || load(l, false);
}

bool imap_loaded_read(struct imap_loaded *l)
{
  return l->is_read || load(l, true);
}

bool imap_loaded_parse_header(struct imap_loaded *l)
{
  if (!imap_loaded_read(l)) return false;
  if (l->parsed != IMAP_PARSED_NOTHING) return true;
  mime_parse(&l->mime, l->bytes, header_length(l->bytes, l->length));
  l->parsed = IMAP_PARSED_HEADER;
  return true;
}

bool imap_loaded_parse(struct imap_loaded *l)
{
  if (!imap_loaded_read(l)) return false;
  if (l->parsed == IMAP_PARSED_WHOLE) return true;
  mime_parse(&l->mime, l->bytes, l->length);
  l->parsed = IMAP_PARSED_WHOLE;
  return true;
}

bool imap_loaded_size(struct imap_loaded *l, uint64_t *wire)
{
  struct imap_message *m = &l->folder->messages[l->place];

  if (m->wire == IMAP_SIZE_UNKNOWN) {
    if (!imap_loaded_read(l)) return false;
    m = &l->folder->messages[l->place];
    m->wire = octets_of(l->bytes, l->length).size;
  }
  *wire = m->wire;
  return true;
}
