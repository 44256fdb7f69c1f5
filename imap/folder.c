/* A folder, its open descriptors and its list of messages. */

#include "imap/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "imap/file.h"
#include "lib/die.h"

#define LOCK_FILE "postroom-lock"
#define LOCK_PAUSE 2000000 /* ns */
#define LOCK_TRIES (30 * (1000000000 / LOCK_PAUSE)) /* 30 s */

static void *grow(void *list, size_t *room, size_t size)
{
  *room = *room ? *room * 2 : 64;
  list = reallocarray(list, *room, size);
  if (!list) die_nomem();
  return list;
}

static char *copy_name(const char *name, size_t length)
{
  char *copy = malloc(length + 1);

  if (!copy) die_nomem();
  memcpy(copy, name, length);
  copy[length] = 0;
  return copy;
}

/* --- from a base to its message --- */

static uint32_t hash(const char *bytes, size_t length)
{
  uint32_t h = 2166136261u;

  for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)bytes[i]) * 16777619u;
  return h ^ h >> 15;
}

static void put_slot(struct imap_folder *f, size_t place)
{
  const struct imap_message *m = &f->messages[place];
  size_t at = hash(m->name, m->base) & (f->slot_count - 1);

  while (f->slots[at]) at = (at + 1) & (f->slot_count - 1);
  f->slots[at] = (uint32_t)place + 1;
}

static void build_slots(struct imap_folder *f)
{
  free(f->slots);
  for (f->slot_count = 256; f->slot_count < f->count * 4; f->slot_count *= 2) {}
  f->slots = calloc(f->slot_count, sizeof *f->slots);
  if (!f->slots) die_nomem();
  for (size_t i = 0; i < f->count; i++)
    if (!f->messages[i].is_gone) put_slot(f, i);
}

struct imap_message *imap_folder_find(struct imap_folder *f, const char *base, size_t length)
{
  if (!f->slot_count) build_slots(f);
  for (size_t at = hash(base, length) & (f->slot_count - 1); f->slots[at]; at = (at + 1) & (f->slot_count - 1)) {
    struct imap_message *m = &f->messages[f->slots[at] - 1];
    if (!m->is_gone && m->base == length && !memcmp(m->name, base, length)) return m;
  }
  return 0;
}

/* --- the list --- */

void imap_folder_add_message(struct imap_folder *f, const struct imap_stray *stray)
{
  struct imap_filename parsed;

  if (f->count == f->room) f->messages = grow(f->messages, &f->room, sizeof *f->messages);
  imap_filename_parse(&parsed, stray->name, strlen(stray->name));
  f->messages[f->count] = (struct imap_message){
    .uid = stray->uid, .base = stray->base, .name = stray->name, .is_new = stray->is_new, .wire = parsed.wire,
    .marks = parsed.marks | (stray->is_new ? IMAP_RECENT : 0) };
  f->count++;
  f->changes++;
  if (f->slot_count && f->count * 2 < f->slot_count) put_slot(f, f->count - 1);
  else f->slot_count = 0;
}

void imap_folder_rename_message(struct imap_folder *f, struct imap_message *m, const char *name, size_t length, bool is_new)
{
  struct imap_filename parsed;

  m->is_new = is_new;
  if (strlen(m->name) == length && !memcmp(m->name, name, length)) return;
  if (!imap_filename_parse(&parsed, name, length)) return;
  char *copy = copy_name(name, length);
  free(m->name);
  m->name = copy;
  m->marks = parsed.marks | (m->marks & IMAP_RECENT);
  f->changes++;
}

void imap_folder_add_stray(struct imap_folder *f, const char *name, size_t length, bool is_new)
{
  if (f->stray_count == f->stray_room) f->strays = grow(f->strays, &f->stray_room, sizeof *f->strays);
  f->strays[f->stray_count++] = (struct imap_stray){ .name = copy_name(name, length),
    .base = (uint32_t)imap_filename_base(name, length), .is_new = is_new };
}

void imap_folder_forget(struct imap_folder *f)
{
  size_t kept = 0;

  for (size_t i = 0; i < f->count; i++)
    if (f->messages[i].is_gone) free(f->messages[i].name);
    else f->messages[kept++] = f->messages[i];
  if (kept != f->count) f->slot_count = 0;
  f->count = kept;
}

/* --- open and close --- */

static bool open_part(int folder, const char *name, int *fd)
{
  if (imap_folder_open_at(folder, name, fd)) return true;
  return errno == ENOENT && (!mkdirat(folder, name, 0700) || errno == EEXIST) && imap_folder_open_at(folder, name, fd);
}

static void set_closed(struct imap_folder *f)
{
  memset(f, 0, sizeof *f);
  imap_uids_init(&f->uids);
  f->fd = f->new = f->cur = f->tmp = f->lock = f->watch.fd = -1;
}

enum imap_folder_result imap_folder_open_to_add(struct imap_folder *f, const char *disk)
{
  set_closed(f);
  text_copy(&f->disk, disk);
  if (!imap_folder_open_at(AT_FDCWD, text_string(&f->disk), &f->fd)) {
    bool is_absent = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    imap_folder_close(f);
    return is_absent ? IMAP_FOLDER_ABSENT : IMAP_FOLDER_BROKEN;
  }
  if (!open_part(f->fd, "tmp", &f->tmp) || !open_part(f->fd, "new", &f->new) || !open_part(f->fd, "cur", &f->cur) ||
      (f->lock = openat(f->fd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) == -1 ||
      !imap_folder_read_keywords(f)) {
    int error = errno;
    imap_folder_close(f);
    errno = error;
    return IMAP_FOLDER_BROKEN;
  }
  return IMAP_FOLDER_DONE;
}

enum imap_folder_result imap_folder_open(struct imap_folder *f, const char *disk, bool is_writable)
{
  enum imap_folder_result result = imap_folder_open_to_add(f, disk);

  if (result != IMAP_FOLDER_DONE) return result;
  f->is_writable = is_writable;
  f->is_stale = true;
  imap_watch_open(&f->watch, f->fd, text_string(&f->disk));
  result = imap_folder_sync(f);
  if (result != IMAP_FOLDER_DONE) {
    int error = errno;
    imap_folder_close(f);
    errno = error;
  }
  return result;
}

static void close_fd(int fd)
{
  if (fd != -1) close(fd);
}

void imap_folder_close(struct imap_folder *f)
{
  close_fd(f->fd);
  close_fd(f->new);
  close_fd(f->cur);
  close_fd(f->tmp);
  close_fd(f->lock);
  imap_watch_close(&f->watch);
  for (size_t i = 0; i < f->count; i++) free(f->messages[i].name);
  for (size_t i = 0; i < f->stray_count; i++) free(f->strays[i].name);
  free(f->messages);
  free(f->strays);
  free(f->slots);
  imap_uids_free(&f->uids);
  imap_keywords_free(&f->keywords);
  text_free(&f->disk);
  set_closed(f);
}

bool imap_folder_lock(struct imap_folder *f)
{
  if (f->locks++) return true;
  for (unsigned int tries = 0; flock(f->lock, LOCK_EX | LOCK_NB); tries++) {
    if (tries < LOCK_TRIES && (errno == EWOULDBLOCK || errno == EINTR)) {
      nanosleep(&(struct timespec){ .tv_nsec = LOCK_PAUSE }, 0);
      continue;
    }
    if (errno == EWOULDBLOCK) errno = ETIMEDOUT;
    f->locks--;
    return false;
  }
  return true;
}

void imap_folder_unlock(struct imap_folder *f)
{
  if (!--f->locks) flock(f->lock, LOCK_UN);
}
