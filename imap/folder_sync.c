/* What has happened to a folder on the disk: from the kernel's news if they are complete, else by looking at all. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imap/file.h"
#include "imap/folder.h"

#define DOUBT_SECONDS 2 /* a folder changed so shortly before it was read may have changed again in the same tick */

static void note_file(struct imap_folder *f, const char *name, bool is_new)
{
  struct imap_filename parsed;
  size_t length = strlen(name);

  if (!imap_filename_parse(&parsed, name, length)) return;
  struct imap_message *m = imap_folder_find(f, name, parsed.base);
  if (!m) {
    imap_folder_add_stray(f, name, length, is_new);
    return;
  }
  m->is_missing = false;
  imap_folder_rename_message(f, m, name, length, is_new);
}

/* --- looking at all --- */

static bool scan_part(struct imap_folder *f, int part, bool is_new)
{
  int fd;

  if (!imap_folder_open_at(part, ".", &fd)) return false;
  DIR *stream = fdopendir(fd);
  if (!stream) {
    close(fd);
    return false;
  }
  errno = 0;
  for (const struct dirent *entry; (entry = readdir(stream)); errno = 0)
    if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN) note_file(f, entry->d_name, is_new);
  int error = errno;
  closedir(stream);
  errno = error;
  return !error;
}

static void drop_strays(struct imap_folder *f)
{
  for (size_t i = 0; i < f->stray_count; i++) free(f->strays[i].name);
  f->stray_count = 0;
}

static size_t count_missing(const struct imap_folder *f)
{
  size_t missing = 0;

  for (size_t i = 0; i < f->count; i++) missing += f->messages[i].is_missing;
  return missing;
}

/* new/ before cur/: what is moved meanwhile is seen. A program that renames while we read may hide a file from one
   look, so only what two looks have missed is gone. */
static bool scan(struct imap_folder *f)
{
  drop_strays(f);
  for (size_t i = 0; i < f->count; i++) f->messages[i].is_missing = !f->messages[i].is_gone;
  if (!scan_part(f, f->new, true) || !scan_part(f, f->cur, false)) return false;
  if (!count_missing(f)) return true;
  drop_strays(f);
  if (!scan_part(f, f->new, true) || !scan_part(f, f->cur, false)) return false;
  for (size_t i = 0; i < f->count; i++)
    if (f->messages[i].is_missing) {
      f->messages[i].is_missing = false;
      f->messages[i].is_gone = true;
      f->changes++;
    }
  return true;
}

static bool scan_noting_time(struct imap_folder *f)
{
  struct stat folder, new, cur;

  if (fstat(f->fd, &folder) || fstat(f->new, &new) || fstat(f->cur, &cur)) return false;
  if (!folder.st_nlink) {
    errno = ESTALE;
    return false;
  }
  clock_gettime(CLOCK_REALTIME, &f->scanned);
  f->new_time = new.st_mtim;
  f->cur_time = cur.st_mtim;
  return scan(f);
}

static bool is_sure(const struct imap_folder *f, const struct timespec *then, const struct timespec *now)
{
  return then->tv_sec == now->tv_sec && then->tv_nsec == now->tv_nsec && now->tv_sec < f->scanned.tv_sec - DOUBT_SECONDS;
}

static bool may_have_changed(const struct imap_folder *f)
{
  struct stat new, cur;

  return fstat(f->new, &new) || fstat(f->cur, &cur) || !is_sure(f, &f->new_time, &new.st_mtim) ||
    !is_sure(f, &f->cur_time, &cur.st_mtim);
}

/* --- the kernel's news --- */

/* The message that this very file is, 0 if it has another name by now. */
static struct imap_message *named(struct imap_folder *f, const char *name, bool is_new)
{
  struct imap_message *m = imap_folder_find(f, name, imap_filename_base(name, strlen(name)));

  return m && m->is_new == is_new && !strcmp(m->name, name) ? m : 0;
}

static void note_absence(struct imap_folder *f, const char *name, bool is_new, bool is_removed)
{
  struct imap_message *m = named(f, name, is_new);

  if (m && is_removed) {
    m->is_gone = true;
    f->changes++;
  } else if (m) m->is_missing = true;
  else if (f->stray_count) f->is_stale = true;
}

static bool is_file(const struct imap_folder *f, const char *name, bool is_new)
{
  struct stat status;

  return !fstatat(is_new ? f->new : f->cur, name, &status, AT_SYMLINK_NOFOLLOW) && S_ISREG(status.st_mode);
}

/* A name that came. If it has gone again, the news of that come next; a message that is known is known to be a file. */
static void note_arrival(struct imap_folder *f, const char *name, bool is_new)
{
  if (imap_folder_find(f, name, imap_filename_base(name, strlen(name))) || is_file(f, name, is_new)) note_file(f, name, is_new);
}

static void take_news(struct imap_folder *f)
{
  const char *name;
  bool is_new;

  for (enum imap_news news; (news = imap_watch_next(&f->watch, &name, &is_new)) != IMAP_NEWS_NONE;)
    switch (news) {
    case IMAP_NEWS_ADDED: note_arrival(f, name, is_new); break;
    case IMAP_NEWS_MOVED: note_absence(f, name, is_new, false); break;
    case IMAP_NEWS_REMOVED: note_absence(f, name, is_new, true); break;
    default: f->is_stale = true;
    }
  if (!f->is_stale && count_missing(f)) f->is_stale = true;
}

/* --- both --- */

/* Under the name that cur/ wants. A file that another session has moved meanwhile is recent there, not here. */
static bool move_to_cur(struct imap_folder *f, struct imap_message *m)
{
  text name = TEXT_ZERO;
  bool fine = true;

  imap_filename_format(&name, m->name, strlen(m->name), imap_folder_file_marks(m, m->marks));
  if (!renameat(f->new, m->name, f->cur, text_string(&name))) imap_folder_rename_message(f, m, name.s, name.len, false);
  else if (errno == ENOENT) f->is_stale = true, m->marks &= ~(imap_marks)IMAP_RECENT;
  else fine = false;
  text_free(&name);
  return fine;
}

static enum imap_folder_result take_in(struct imap_folder *f)
{
  size_t before = f->count;

  if (f->is_stale && !scan_noting_time(f)) return IMAP_FOLDER_BROKEN;
  f->is_stale = false;
  if (!imap_folder_read_keywords(f)) return IMAP_FOLDER_BROKEN;
  if (f->stray_count || !f->uids.head.validity) {
    enum imap_folder_result result = imap_folder_place_strays(f);
    if (result != IMAP_FOLDER_DONE) return result;
  }
  for (size_t i = before; i < f->count && f->is_writable; i++)
    if (f->messages[i].is_new && !move_to_cur(f, &f->messages[i])) return IMAP_FOLDER_BROKEN;
  return IMAP_FOLDER_DONE;
}

static void listen(struct imap_folder *f)
{
  take_news(f);
  if (!f->is_stale && !f->watch.is_complete && may_have_changed(f)) f->is_stale = true;
}

static enum imap_folder_result sync_files(struct imap_folder *f)
{
  enum imap_folder_result result;

  listen(f);
  if (!f->is_stale && !f->stray_count) return imap_folder_read_keywords(f) ? IMAP_FOLDER_DONE : IMAP_FOLDER_BROKEN;
  if (!imap_folder_lock(f)) return IMAP_FOLDER_BROKEN;
  listen(f); /* what was added while we waited: its lines of the uidlist are read now, and not a second time */
  result = take_in(f);
  int error = errno;
  imap_folder_unlock(f);
  errno = error;
  return result;
}

enum imap_folder_result imap_folder_sync(struct imap_folder *f)
{
  enum imap_folder_result result = sync_files(f);

  return result == IMAP_FOLDER_DONE && !imap_folder_read_seen(f) ? IMAP_FOLDER_BROKEN : result;
}
