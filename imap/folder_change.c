/* Changes to the messages of a folder: each is one rename or one unlink of the name that this session knows. If the
   file has another name by now, another session was there first: its change is taken in before ours. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "imap/file.h"
#include "imap/folder.h"

#define KEYWORDS_FILE "dovecot-keywords"
#define TRIES 8 /* as often may a file be renamed under us */

static int part_of(const struct imap_folder *f, const struct imap_message *m)
{
  return m->is_new ? f->new : f->cur;
}

/* The file was not there. Looks again: the message may then have another name, or be gone. */
static enum imap_folder_result look_again(struct imap_folder *f, size_t place)
{
  f->is_stale = true;
  enum imap_folder_result result = imap_folder_sync(f);
  return result == IMAP_FOLDER_DONE && f->messages[place].is_gone ? IMAP_FOLDER_ABSENT : result;
}

static enum imap_folder_result rename_to(struct imap_folder *f, struct imap_message *m, text *name)
{
  if (!m->is_new && text_is(name, m->name)) return IMAP_FOLDER_DONE;
  if (!renameat(part_of(f, m), m->name, f->cur, text_string(name))) {
    imap_folder_rename_message(f, m, name->s, name->len, false);
    return IMAP_FOLDER_DONE;
  }
  return errno == ENOENT ? IMAP_FOLDER_ABSENT : IMAP_FOLDER_BROKEN;
}

/* One command sets it or clears it, never both. */
static void change_seen(struct imap_folder *f, struct imap_message *m, imap_marks set, imap_marks clear)
{
  imap_marks seen = ((m->marks & ~clear) | set) & IMAP_SEEN;

  if (!imap_seen_is_own() || (m->marks & IMAP_SEEN) == seen) return;
  m->marks = (m->marks & ~(imap_marks)IMAP_SEEN) | seen;
  f->changes++;
  f->seen.is_added = seen;
  imap_sequence_add(&f->seen.changed, m->uid);
}

enum imap_folder_result imap_folder_change_marks(struct imap_folder *f, size_t place, imap_marks set, imap_marks clear)
{
  enum imap_folder_result result = f->messages[place].is_gone ? IMAP_FOLDER_ABSENT : IMAP_FOLDER_DONE;
  text name = TEXT_ZERO;

  for (unsigned int tries = 0; result == IMAP_FOLDER_DONE; tries++) {
    struct imap_message *m = &f->messages[place];
    imap_filename_format(&name, m->name, strlen(m->name), imap_folder_file_marks(m, (m->marks & ~clear) | set));
    result = rename_to(f, m, &name);
    if (result == IMAP_FOLDER_DONE) change_seen(f, m, set, clear);
    if (result != IMAP_FOLDER_ABSENT) break;
    result = tries < TRIES ? look_again(f, place) : IMAP_FOLDER_BROKEN;
  }
  text_free(&name);
  return result;
}

enum imap_folder_result imap_folder_remove(struct imap_folder *f, size_t place)
{
  struct imap_message *m = &f->messages[place];

  if (m->is_gone) return IMAP_FOLDER_DONE;
  if (!unlinkat(part_of(f, m), m->name, 0)) {
    m->is_gone = true;
    f->changes++;
    return IMAP_FOLDER_DONE;
  }
  if (errno != ENOENT) return IMAP_FOLDER_BROKEN;
  f->is_stale = true;
  return IMAP_FOLDER_ABSENT;
}

int imap_folder_open_message(struct imap_folder *f, size_t place)
{
  enum imap_folder_result result = f->messages[place].is_gone ? IMAP_FOLDER_ABSENT : IMAP_FOLDER_DONE;

  for (unsigned int tries = 0; result == IMAP_FOLDER_DONE && tries < TRIES; tries++) {
    const struct imap_message *m = &f->messages[place];
    int fd = openat(part_of(f, m), m->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd != -1 || errno != ENOENT) return fd;
    result = look_again(f, place);
  }
  if (result != IMAP_FOLDER_BROKEN) errno = ENOENT;
  return -1;
}

/* --- keywords --- */

static bool is_read(const struct imap_folder *f, const struct stat *now)
{
  const struct stat *then = &f->keywords_status;

  return then->st_ino == now->st_ino && then->st_size == now->st_size && then->st_mtim.tv_sec == now->st_mtim.tv_sec &&
    then->st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

bool imap_folder_read_keywords(struct imap_folder *f)
{
  struct stat status;
  text bytes = TEXT_ZERO;

  if (fstatat(f->fd, KEYWORDS_FILE, &status, AT_SYMLINK_NOFOLLOW)) {
    if (errno != ENOENT) return false;
    memset(&f->keywords_status, 0, sizeof f->keywords_status);
    imap_keywords_parse(&f->keywords, "", 0);
    return true;
  }
  if (is_read(f, &status)) return true;
  bool fine = imap_file_read(f->fd, KEYWORDS_FILE, &bytes);
  if (fine) {
    imap_keywords_parse(&f->keywords, bytes.s, bytes.len);
    f->keywords_status = status;
  }
  text_free(&bytes);
  return fine;
}

static imap_marks add_keyword(struct imap_folder *f, const char *name, size_t length)
{
  text bytes = TEXT_ZERO;
  imap_marks mark;

  if (!imap_folder_read_keywords(f)) return 0;
  if ((mark = imap_keywords_find(&f->keywords, name, length))) return mark;
  if (!(mark = imap_keywords_add(&f->keywords, name, length))) {
    errno = ENOBUFS;
    return 0;
  }
  imap_keywords_format(&f->keywords, &bytes);
  memset(&f->keywords_status, 0, sizeof f->keywords_status);
  if (!imap_file_replace(f->fd, KEYWORDS_FILE, &bytes)) mark = 0;
  text_free(&bytes);
  return mark;
}

imap_marks imap_folder_keyword(struct imap_folder *f, const char *name, size_t length)
{
  imap_marks mark = imap_keywords_find(&f->keywords, name, length);

  if (mark || !imap_folder_lock(f)) return mark;
  mark = add_keyword(f, name, length);
  int error = errno;
  imap_folder_unlock(f);
  errno = error;
  return mark;
}
