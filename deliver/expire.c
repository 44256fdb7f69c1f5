#include "deliver/expire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/header.h"

#define JUNK ".Junk" /* imap/mailbox.c makes it at the first login */

enum { DAY_SECONDS = 86400, DAYS_MAX = 36500, DEFAULT_DAYS = 15, WORK_SECONDS = 60, PIECE_BYTES = 32768, HEADER_BYTES_MAX = 1024 * 1024 };

uint64_t deliver_expire_days(const text *record)
{
  uint64_t days;

  return record_number(record, "spamretention", UINT64_MAX, &days) ? days : conf_number("spamretention", DEFAULT_DAYS, DAYS_MAX);
}

uint64_t deliver_expire_saved(const char *name, int64_t mtime, int64_t ctime)
{
  size_t digits = strspn(name, "0123456789");
  uint64_t named, changed = ctime > 0 ? (uint64_t)ctime : 0;

  if (name[digits] != '.' || !number_scan_bytes(name, digits, INT64_MAX, &named)) return changed;
  return mtime > 0 && (uint64_t)mtime > named && mtime <= ctime ? (uint64_t)mtime : named;
}

bool deliver_expire_is_spam(const char *header, size_t length)
{
  struct header_field field;

  return header_find(header, length, "X-Spam", &field) && field.value.len == 3 && bytes_are_nocase(field.value.s, "YES", 3);
}

/* The header, and perhaps some of what follows; only the beginning of an endless one. */
static bool read_header(int fd, text *header)
{
  ssize_t length;

  text_clear(header);
  do {
    text_ready(header, PIECE_BYTES);
    length = read(fd, header->s + header->len, PIECE_BYTES);
    if (length > 0) header->len += (size_t)length;
  } while ((length == -1 && errno == EINTR) || (length > 0 && header->len < HEADER_BYTES_MAX && header_length(header->s, header->len) == header->len));
  return length != -1;
}

/* A link, a pipe and the like are no messages; what has gone or changed its name meanwhile is for the next time. */
static bool is_due(int folder, const char *name, uint64_t until)
{
  static text header = TEXT_ZERO;
  struct stat st;
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd == -1) return false;
  bool is = !fstat(fd, &st) && S_ISREG(st.st_mode) && deliver_expire_saved(name, st.st_mtim.tv_sec, st.st_ctim.tv_sec) < until &&
            read_header(fd, &header) && deliver_expire_is_spam(header.s, header.len);
  close(fd);
  return is;
}

static uint64_t monotonic_seconds(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec;
}

/* Unlinked as any program may (doc/maildir.md): sessions that have the folder open see it go. */
static bool expire_one(struct deliver_expiry *e, int folder, const char *name, uint64_t until)
{
  struct maildirsize one = { 0 };

  if (!is_due(folder, name, until) || !maildirsize_of_message(folder, name, &one)) return true;
  if (!e->is_dry && unlinkat(folder, name, 0) == -1) return errno == ENOENT;
  e->gone.bytes += one.bytes;
  e->gone.messages += one.messages;
  return true;
}

/* Most files say by their name that they are too young, and are not looked at. Closes fd. */
static bool expire_in(struct deliver_expiry *e, int fd, uint64_t until, uint64_t end)
{
  DIR *stream = fdopendir(fd);
  bool is_good = true;

  if (!stream) {
    close(fd);
    return false;
  }
  errno = 0;
  for (const struct dirent *entry; is_good && !e->is_unfinished && (entry = readdir(stream)); errno = 0) {
    if (entry->d_name[0] == '.' || (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)) continue;
    if (deliver_expire_saved(entry->d_name, 0, 0) >= until) continue;
    is_good = expire_one(e, dirfd(stream), entry->d_name, until);
    e->is_unfinished = monotonic_seconds() >= end;
  }
  int error = errno;
  closedir(stream);
  errno = error;
  return is_good && !error;
}

/* As EXPUNGE keeps it (imap/quota.c). */
static void count(struct deliver_expiry *e)
{
  struct maildirsize used;

  if (e->is_dry || !e->gone.messages || !e->quota_bytes) return;
  maildirsize_add(-e->gone.bytes, -e->gone.messages);
  e->has_room = maildirsize_check(e->quota_bytes, 0, &used) != MAILDIRSIZE_BROKEN && maildirsize_has_room(e->quota_bytes, &used);
}

bool deliver_expire(struct deliver_expiry *e)
{
  static const char *const parts[] = { "new", "cur" };
  enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
  uint64_t now = (uint64_t)time(0), until = now / DAY_SECONDS < e->days ? 0 : now - e->days * DAY_SECONDS, end = monotonic_seconds() + WORK_SECONDS;
  int junk = open(JUNK, FOLDER);
  bool is_good = junk != -1 || errno == ENOENT;

  for (size_t i = 0; i < sizeof parts / sizeof *parts && junk != -1 && is_good; i++) {
    int part = openat(junk, parts[i], FOLDER);
    is_good = part == -1 ? errno == ENOENT : expire_in(e, part, until, end);
  }
  int error = errno;
  if (junk != -1) close(junk);
  count(e);
  errno = error;
  return is_good;
}
