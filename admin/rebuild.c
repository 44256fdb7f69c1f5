#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "admin/rebuild.h"
#include "lib/die.h"
#include "lib/file.h"

extern char **environ;

static int run(const char *const *argv, const char *changed)
{
  int status;

  if (setenv("MAILHOME", ".", 1) == -1) die_nomem(); /* it may be a relative path, and this is its folder */
  pid_t pid = child_spawn0(argv[0], argv, (const char *const *)environ);
  if (!pid) die_unable("start bin/tables-build; ", changed, ", run it later");
  if (waitpid_nointr(pid, &status, 0) == -1) die_unable("wait for bin/tables-build");
  return wait_status(status);
}

static void build(const char *const *argv, const char *changed)
{
  text words = TEXT_ZERO;

  text_add_format(&words, "%s is written", changed);
  if (run(argv, text_string(&words))) die_temporary(words.s, ", but bin/tables-build did not publish it (see above)");
  text_free(&words);
}

/* To be read from fd 0 by what is started next. */
static void hand_on(const text *bytes, const char *what)
{
  int fd = memfd_create("input", MFD_CLOEXEC);

  if (fd == -1 || allwrite(fd, bytes->s, bytes->len) < bytes->len || lseek(fd, 0, SEEK_SET) == -1 || dup2(fd, 0) == -1) die_unable("hand on ", what);
  close(fd);
}

void rebuild_tables(const char *changed)
{
  static const char *const argv[] = { "bin/tables-build", 0 };
  build(argv, changed);
}

void rebuild_without(const char *changed, size_t mailboxes, size_t addresses)
{
  text numbers[2] = { TEXT_ZERO, TEXT_ZERO };

  text_add_number(&numbers[0], mailboxes);
  text_add_number(&numbers[1], addresses);
  const char *const argv[] = { "bin/tables-build", "--vanish-mailboxes", text_string(&numbers[0]), "--vanish-addresses", text_string(&numbers[1]), 0 };
  build(argv, changed);
  text_free(&numbers[0]);
  text_free(&numbers[1]);
}

void rebuild_exchanged(const text *pairs)
{
  static const char *const argv[] = { "bin/tables-build", "--exchange", 0 };

  hand_on(pairs, "who gets whose mail");
  build(argv, "who has whose mail");
}

void rebuild_check_rule(const char *name, const text *bytes)
{
  const char *const argv[] = { "bin/tables-build", "--relayrule", name, 0 };

  hand_on(bytes, "the rule");
  if (run(argv, "nothing is written")) die_permanent("nothing is changed (see above)");
}

bool rebuild_have(const char *kind, const char *name, text *record)
{
  struct tables tables = TABLES_ZERO;
  enum lookup_result result = LOOKUP_ABSENT;

  if (tables_open(&tables, "policy"))
    result = tables_find(&tables, kind, name, record);
  else if (errno != ENOENT)
    die_unable("open tables/current/policy.cdb");
  if (result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  tables_close(&tables);
  return result == LOOKUP_FOUND;
}

bool rebuild_have_group(const char *name, text *record)
{
  struct tables tables = TABLES_ZERO;
  text key = TEXT_ZERO;
  uint64_t at = 0;
  enum lookup_result result = LOOKUP_ABSENT;
  bool found = false;

  if (!tables_open(&tables, "policy")) {
    if (errno != ENOENT) die_unable("open tables/current/policy.cdb");
  } else
    while (!found && (result = tables_walk(&tables, &at, &key, record)) == LOOKUP_FOUND)
      found = key.len > 6 && !memcmp(key.s, "group:", 6) && string_is_nocase(record_get(record, "name"), name);
  if (result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  tables_close(&tables);
  text_free(&key);
  return found;
}

static const char *control_folder(text *path, const char *folder)
{
  text_copy(path, "control/");
  text_add(path, folder);
  return text_string(path);
}

bool rebuild_try(const char *folder, const char *name, const text *bytes)
{
  text path = TEXT_ZERO;

  control_folder(&path, folder);
  if (mkdir(path.s, 0755) == -1 && errno != EEXIST) die_unable("make the folder ", path.s);
  bool is_new = file_create(path.s, name, bytes, 0644);
  if (!is_new && errno != EEXIST) die_unable("write ", path.s, "/", name);
  text_free(&path);
  return is_new;
}

void rebuild_create(const char *folder, const char *name, const text *bytes, const char *exists)
{
  if (!rebuild_try(folder, name, bytes)) die_permanent(exists, " exists already (control/", folder, "/", name, ")");
}

bool rebuild_remove(const char *folder, const char *name)
{
  text path = TEXT_ZERO, file = TEXT_ZERO;

  control_folder(&path, folder);
  text_add_format(&file, "%s/%s", path.s, name);
  bool removed = unlink(text_string(&file)) == 0;
  if (!removed && errno != ENOENT) die_unable("remove ", file.s);
  if (removed && !folder_sync(path.s)) die_unable("sync the folder ", path.s);
  text_free(&path);
  text_free(&file);
  return removed;
}
