/* queue-check: compares queue/ with what doc/queue.md says, and names every deviation. Writes nothing without --mend. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/die.h"
#include "lib/home.h"
#include "lib/id.h"
#include "lib/options.h"
#include "lib/queue.h"

#define USAGE "queue-check [--mend]"

enum { MESSAGE_MODE = 0660, LOG_MODE = 0600, FOLDER_MODE = 0700 };

static bool is_mending;
static size_t messages, deviations;

static void say(const char *kind, const char *path, const char *what)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "%s: ", kind);
  for (const char *c = path; *c; c++) text_add_char(&line, ascii_is_printable(*c) ? *c : '?');
  text_add_format(&line, ": %s\n", what);
  if (allwrite(1, line.s, line.len) != line.len) die_unable("write to fd 1");
  text_free(&line);
}

static bool is_there(const char *path)
{
  struct stat status;
  return lstat(path, &status) == 0;
}

/* Into queue/broken, under its own name or the first free one: nothing is thrown away that might be mail. */
static void put_aside(const char *path)
{
  text to = TEXT_ZERO;
  const char *slash = strrchr(path, '/');

  if (mkdir("queue/broken", 0700) == -1 && errno != EEXIST) die_unable("make the folder queue/broken");
  text_copy(&to, "queue/broken");
  text_add(&to, slash);
  for (unsigned int i = 1; is_there(text_string(&to)); i++) {
    text_copy(&to, "queue/broken");
    text_add(&to, slash);
    text_add_format(&to, ".%u", i);
  }
  if (rename(path, to.s) == -1) die_unable("move ", path, " to ", to.s);
  say("mended", path, "moved to queue/broken");
  text_free(&to);
}

static void deviation(const char *path, const char *what)
{
  deviations++;
  say("wrong", path, what);
  if (is_mending) put_aside(path);
}

/* What the tables allow and send-schedule clears away by itself; with --mend it is done now. */
static void leftover(const char *path, const char *what)
{
  say("left over", path, what);
  if (!is_mending) return;
  if (unlink(path) == -1 && errno != ENOENT) die_unable("remove ", path);
  say("mended", path, "removed");
}

/* What has a second name may be another's file, linked here by one who may write to queue/new. */
static bool is_alone(int fd)
{
  struct stat status;
  return fstat(fd, &status) == 0 && (S_ISDIR(status.st_mode) || (S_ISREG(status.st_mode) && status.st_nlink == 1));
}

/* As by another hand, that copied the queue from a backup: send-schedule could not open it, and nobody would be told. */
static void give_back(const char *path, const struct stat *as, mode_t mode)
{
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  if (fd != -1 && !is_alone(fd)) {
    say("wrong", path, "it has another name, too: whose it is is not changed");
    close(fd);
    return;
  }
  bool good = fd != -1 && fchown(fd, as->st_uid, as->st_gid) == 0 && fchmod(fd, mode) == 0;

  if (!good && errno != ENOENT) die_unable("give ", path, " back to send-schedule");
  if (fd != -1) close(fd);
  if (good) say("mended", path, "given back to send-schedule");
}

/* doc/uids.md: send-schedule owns it, or a message by its group. Symbolic links and the like are judged by what they hold. */
static void check_access(const char *path, const char *folder, mode_t mode)
{
  struct stat status, as;
  mode_t by_owner = mode & 0700, by_group = mode & 0070;

  if (lstat(path, &status) == -1 || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) return;
  if (stat(folder, &as) == -1) die_unable("look at the folder ", folder);
  if (status.st_uid == as.st_uid && (status.st_mode & by_owner) == by_owner) return;
  if (by_group && status.st_gid == as.st_gid && (status.st_mode & by_group) == by_group) return;
  deviations++;
  say("wrong", path, "send-schedule has no access to it: owner or mode are not as doc/uids.md says");
  if (is_mending) give_back(path, &as, mode);
}

static void check_message(const char *path, const char *id, bool is_new)
{
  struct queue_file f = QUEUE_FILE_ZERO;
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  if (fd == -1 && errno == ENOENT) return; /* delivered meanwhile */
  if (fd == -1 && errno != ELOOP) die_unable("open ", path);
  messages++;
  check_access(path, "queue/new", MESSAGE_MODE);
  switch (fd == -1 ? QUEUE_BROKEN : queue_read(&f, fd, id)) {
  case QUEUE_FOUND: break;
  case QUEUE_INCOMPLETE:
    if (is_new)
      leftover(path, "incomplete: cut off before it was acknowledged");
    else
      deviation(path, "incomplete, although it was acknowledged");
    break;
  case QUEUE_ABSENT:
  case QUEUE_BROKEN: deviation(path, "not a message as doc/queue.md says, or one of another id"); break;
  }
  queue_close(&f);
}

static void check_new(const char *path, const char *name)
{
  if (!id_check(name))
    deviation(path, "not the id of a message");
  else
    check_message(path, name, true);
}

static bool is_whole(const char *path, const char *id)
{
  struct queue_file f = QUEUE_FILE_ZERO;
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  bool whole = fd != -1 && queue_read(&f, fd, id) == QUEUE_FOUND;

  queue_close(&f);
  return whole;
}

/* A whole message that lies where nobody looks for it: with --mend it goes to queue/new, where send-schedule finds it. */
static void misplaced(const char *path, const char *id, const char *where)
{
  static const char *const what = "a message in the folder of other ids";
  text new = TEXT_ZERO;

  if (is_there(queue_path_new(&new, id)) || is_there(where) || !is_whole(path, id))
    deviation(path, what);
  else {
    deviations++;
    messages++;
    say("wrong", path, what);
    check_access(path, "queue/new", MESSAGE_MODE);
    if (is_mending) {
      if (rename(path, new.s) == -1) die_unable("move ", path, " to ", new.s);
      say("mended", path, "moved to queue/new: send-schedule finds it there within a minute");
    }
  }
  text_free(&new);
}

static void check_cur(const char *path, const char *name)
{
  text expected = TEXT_ZERO, twin = TEXT_ZERO;

  if (!id_check(name))
    deviation(path, "not the id of a message");
  else if (strcmp(path, queue_path_cur(&expected, name)))
    misplaced(path, name, expected.s);
  else if (is_there(path) && is_there(queue_path_new(&twin, name)))
    deviation(path, "also in queue/new");
  else
    check_message(path, name, false);
  text_free(&expected);
  text_free(&twin);
}

static void check_log(const char *path, const char *name)
{
  text new = TEXT_ZERO, cur = TEXT_ZERO;

  if (!id_check(name))
    deviation(path, "not the id of a message");
  else if (!is_there(queue_path_new(&new, name)) && !is_there(queue_path_cur(&cur, name)) && is_there(path))
    leftover(path, "what was said about a message that is gone");
  else
    check_access(path, "queue/log", LOG_MODE);
  text_free(&new);
  text_free(&cur);
}

static void walk(const char *folder, void (*check)(const char *path, const char *name))
{
  DIR *open = opendir(folder);
  text path = TEXT_ZERO;

  if (!open) die_unable("open the folder ", folder);
  for (struct dirent *entry; (entry = readdir(open));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    text_copy(&path, folder);
    text_add_char(&path, '/');
    text_add(&path, entry->d_name);
    check(text_string(&path), entry->d_name);
  }
  closedir(open);
  text_free(&path);
}

static void check_cur_folder(const char *path, const char *name)
{
  struct stat status;

  if (strlen(name) == 2 && lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
    check_access(path, "queue/cur", FOLDER_MODE);
    walk(path, check_cur);
  } else if (id_check(name))
    check_cur(path, name);
  else
    deviation(path, "not a folder of two characters");
}

static void check_top(const char *path, const char *name)
{
  static const char *const known[] = { "new", "cur", "log", "lock", "broken", 0 };

  for (const char *const *k = known; *k; k++)
    if (!strcmp(*k, name)) return;
  deviation(path, "nothing of this name belongs here");
}

int main(int argc, const char **argv)
{
  const struct option_word words[] = { { "--mend", &is_mending }, { 0, 0 } };
  char shown[80];
  (void)argc;

  PROG = "queue-check";
  if (options_read(argv + 1, words, USAGE)) die_usage(USAGE);
  home_enter();
  walk("queue", check_top);
  walk("queue/new", check_new);
  walk("queue/cur", check_cur_folder);
  walk("queue/log", check_log);
  int length = snprintf(shown, sizeof shown, "%zu messages, %zu deviations\n", messages, deviations);
  if (allwrite(1, shown, (size_t)length) != (size_t)length) die_unable("write to fd 1");
  return deviations && !is_mending ? END_NO : END_DONE;
}
