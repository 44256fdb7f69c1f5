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

static void build_bases(struct imap_folder *f)
{
  imap_bases_clear(&f->bases, f->count * 2);
  for (size_t i = 0; i < f->count; i++)
    if (!f->messages[i].is_gone) imap_bases_add(&f->bases, f->messages[i].name, f->messages[i].base, i);
  f->has_bases = true;
}

struct imap_message *imap_folder_find(struct imap_folder *f, const char *base, size_t length)
{
  size_t place;

  if (!f->has_bases) build_bases(f);
  for (struct imap_bases_walk w = imap_bases_find(&f->bases, base, length); imap_bases_next(&f->bases, &w, &place);) {
    struct imap_message *m = &f->messages[place];
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
    .marks = imap_folder_own_marks(parsed.marks, imap_sequence_has(&f->seen.uids, stray->uid)) | (stray->is_new ? IMAP_RECENT : 0) };
  f->count++;
  f->changes++;
  if (f->has_bases) f->has_bases = imap_bases_add(&f->bases, stray->name, stray->base, f->count - 1);
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
  m->marks = imap_folder_own_marks(parsed.marks, m->marks & IMAP_SEEN) | (m->marks & IMAP_RECENT);
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
  if (kept != f->count) f->has_bases = false;
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
  imap_bases_free(&f->bases);
  imap_uids_free(&f->uids);
  imap_keywords_free(&f->keywords);
  imap_seen_free(&f->seen);
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
