#include "lib/maildirsize.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/text.h"

#define FILE_NAME "maildirsize"

enum {
  FILE_MAX = 5120,                 /* bytes; a longer one is made anew (Maildir++) */
  DOUBT_SECONDS = 15 * 60,         /* an older one is made anew before a message is refused (Maildir++) */
  OLD_SECONDS = 24 * 3600,         /* an older one is made anew: other programs may have been here without it */
  ROOM = 65536,
  LOCK_TRIES = 200,                /* of 10 ms */
  FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
};

/* --- the file's bytes --- */

static bool take_number(const char **at, const char *end, int64_t *number)
{
  uint64_t value = 0;
  const char *start;

  while (*at < end && ascii_is_space(**at)) ++*at;
  bool is_negative = *at < end && **at == '-';
  if (is_negative) ++*at;
  for (start = *at; *at < end && ascii_is_digit(**at);) ++*at;
  if (!number_scan_bytes(start, (size_t)(*at - start), INT64_MAX / 2, &value)) return false;
  *number = is_negative ? -(int64_t)value : (int64_t)value;
  return true;
}

/* "100000000S" or "100000000S,1000C", in any order. */
static bool is_quota(const char *line, const char *end, uint64_t quota_bytes)
{
  bool is_same = false;
  int64_t number;

  while (line < end && take_number(&line, end, &number) && line < end) {
    if (*line == 'S') is_same = number >= 0 && (uint64_t)number == quota_bytes;
    line += line + 1 < end && line[1] == ',' ? 2 : 1;
  }
  return is_same;
}

static bool take_sum(const char *line, const char *end, struct maildirsize *used)
{
  int64_t bytes, messages;

  return take_number(&line, end, &bytes) && line < end && ascii_is_space(*line) && take_number(&line, end, &messages) &&
         !__builtin_add_overflow(used->bytes, bytes, &used->bytes) && !__builtin_add_overflow(used->messages, messages, &used->messages);
}

bool maildirsize_parse(const char *bytes, size_t length, uint64_t quota_bytes, struct maildirsize *used, size_t *lines)
{
  const char *at = length ? bytes : "", *end = at + length;

  *used = (struct maildirsize){ 0 };
  *lines = 0;
  for (bool is_first = true; at < end; is_first = false) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!newline) return false; /* cut off */
    if (is_first ? !is_quota(at, newline, quota_bytes) : !take_sum(at, newline, used)) return false;
    *lines += !is_first;
    at = newline + 1;
  }
  return *lines && used->bytes >= 0 && used->messages >= 0;
}

/* --- what is there --- */

bool maildirsize_of_message(int folder, const char *name, struct maildirsize *sum)
{
  const char *size = strstr(name, ",S=");
  uint64_t bytes;
  struct stat st;

  if (!size || !number_scan_bytes(size + 3, strspn(size + 3, "0123456789"), INT64_MAX / 2, &bytes)) {
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == -1) return errno == ENOENT;
    bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
  }
  sum->bytes += (int64_t)bytes;
  sum->messages++;
  return true;
}

static bool add_size(int folder, const struct dirent *entry, struct maildirsize *sum)
{
  return entry->d_name[0] == '.' || maildirsize_of_message(folder, entry->d_name, sum);
}

/* Closes fd. */
static bool walk(int fd, bool (*add)(int folder, const struct dirent *entry, struct maildirsize *sum), struct maildirsize *sum)
{
  DIR *stream = fd == -1 ? 0 : fdopendir(fd);
  bool is_good = true;

  if (!stream) {
    if (fd != -1) close(fd);
    return false;
  }
  errno = 0;
  for (const struct dirent *entry; is_good && (entry = readdir(stream)); errno = 0) is_good = add(dirfd(stream), entry, sum);
  int error = errno;
  closedir(stream);
  errno = error;
  return is_good && !error;
}

static bool add_part(int folder, const char *name, struct maildirsize *sum)
{
  int part = openat(folder, name, FOLDER);

  if (part == -1) return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
  return walk(part, add_size, sum);
}

bool maildirsize_of_folder(const char *entry, struct maildirsize *sum)
{
  int folder = open(entry, FOLDER);

  if (folder == -1) return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
  bool is_good = add_part(folder, "new", sum) && add_part(folder, "cur", sum);
  int error = errno;
  close(folder);
  errno = error;
  return is_good;
}

static bool add_folder(int mailbox, const struct dirent *entry, struct maildirsize *sum)
{
  (void)mailbox;
  if (entry->d_name[0] != '.' || !strcmp(entry->d_name, "..")) return true;
  if (entry->d_name[1] == '.') return true; /* ..removed: on its way out */
  return maildirsize_of_folder(entry->d_name, sum);
}

/* --- the file --- */

/* Under the lock, so that what another process adds goes to the old file before it is replaced, or to the new one. Whoever
   has the mailbox's uid can hold it for ever: that costs him his count, and others no delivery (check 32). */
static int lock(void)
{
  int mailbox = open(".", FOLDER);

  for (unsigned int tries = 0; mailbox != -1 && flock(mailbox, LOCK_EX | LOCK_NB) == -1; tries++) {
    if ((errno != EINTR && errno != EWOULDBLOCK) || tries == LOCK_TRIES) {
      close(mailbox);
      return -1;
    }
    nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, 0);
  }
  return mailbox;
}

static bool write_new(const text *bytes)
{
  int fd = open("tmp/" FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

  if (fd == -1) return false;
  bool is_good = write(fd, bytes->s, bytes->len) == (ssize_t)bytes->len;
  is_good = !close(fd) && is_good && !rename("tmp/" FILE_NAME, FILE_NAME);
  if (!is_good) unlink("tmp/" FILE_NAME);
  return is_good;
}

static bool make_anew(uint64_t quota_bytes, struct maildirsize *used)
{
  text bytes = TEXT_ZERO;
  int mailbox = lock();

  *used = (struct maildirsize){ 0 };
  if (mailbox == -1) return false;
  bool is_good = walk(open(".", FOLDER), add_folder, used);
  if (is_good) {
    text_add_format(&bytes, "%lluS\n%lld %lld\n", (unsigned long long)quota_bytes, (long long)used->bytes, (long long)used->messages);
    write_new(&bytes); /* if it cannot be kept, it is counted again next time */
  }
  int error = errno;
  close(mailbox);
  text_free(&bytes);
  errno = error;
  return is_good;
}

/* What the file says; false if it says nothing that holds. */
static bool read_file(uint64_t quota_bytes, struct maildirsize *used, size_t *lines, time_t *age)
{
  char bytes[FILE_MAX + 1];
  struct stat st;
  int fd = open(FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

  if (fd == -1) return false;
  ssize_t length = fstat(fd, &st) ? -1 : read(fd, bytes, sizeof bytes);
  close(fd);
  if (length < 0 || length > FILE_MAX) return false;
  *age = time(0) - st.st_mtim.tv_sec;
  return *age < OLD_SECONDS && maildirsize_parse(bytes, (size_t)length, quota_bytes, used, lines);
}

static bool exceeds(uint64_t quota_bytes, const struct maildirsize *used, uint64_t more)
{
  return more > quota_bytes || (uint64_t)used->bytes > quota_bytes - more;
}

enum maildirsize_result maildirsize_check(uint64_t quota_bytes, uint64_t more, struct maildirsize *used)
{
  size_t lines = 0;
  time_t age = 0;
  bool is_read = read_file(quota_bytes, used, &lines, &age);

  if (is_read && !exceeds(quota_bytes, used, more)) return MAILDIRSIZE_FITS;
  if (!is_read || lines > 1 || age > DOUBT_SECONDS) {
    if (!make_anew(quota_bytes, used)) return MAILDIRSIZE_BROKEN;
  }
  return exceeds(quota_bytes, used, more) ? MAILDIRSIZE_EXCEEDS : MAILDIRSIZE_FITS;
}

void maildirsize_add(int64_t bytes, int64_t messages)
{
  char line[64];
  int length = snprintf(line, sizeof line, "%lld %lld\n", (long long)bytes, (long long)messages), mailbox = lock();
  int fd = open(FILE_NAME, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  if (fd != -1) {
    if (write(fd, line, (size_t)length) != (ssize_t)length) unlink(FILE_NAME); /* half a line: counted anew */
    close(fd);
  }
  if (mailbox != -1) close(mailbox);
}

static uint64_t left(uint64_t quota_bytes, const struct maildirsize *used)
{
  return (uint64_t)used->bytes >= quota_bytes ? 0 : quota_bytes - (uint64_t)used->bytes;
}

bool maildirsize_is_full(uint64_t quota_bytes, const struct maildirsize *used)
{
  uint64_t room = quota_bytes / 10 > ROOM ? quota_bytes / 10 : ROOM;
  return left(quota_bytes, used) <= room;
}

bool maildirsize_has_room(uint64_t quota_bytes, const struct maildirsize *used)
{
  uint64_t room = quota_bytes / 10 < ROOM ? quota_bytes / 10 : ROOM;
  return left(quota_bytes, used) > room;
}
