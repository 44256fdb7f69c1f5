#include "admin/limits.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/guess.h"
#include "lib/limits.h"

/* A store is its user's, who may have written anything, a link too: it is opened as that user. */
void limits_become_owner(const char *user)
{
  struct stat st;
  text path = TEXT_ZERO;

  text_add(&path, "state/limits/");
  text_add(&path, user);
  if (lstat(text_string(&path), &st) == -1) die_unable("look at ", path.s);
  if (!S_ISDIR(st.st_mode)) die_permanent(path.s, " is not a folder");
  if (getuid() != st.st_uid && (setgroups(0, 0) == -1 || setresgid(st.st_gid, st.st_gid, st.st_gid) == -1 ||
                                setresuid(st.st_uid, st.st_uid, st.st_uid) == -1))
    die_unable("become the owner of ", path.s);
  text_free(&path);
}

static void add_printable(text *out, const char *string)
{
  for (; *string; string++) text_add_char(out, ascii_is_printable(*string) ? *string : '?');
}

static void add_counter(text *line, const struct limits_entry *entry)
{
  static const struct { const char *seconds, *window; } windows[] = { { " 60", "minute" }, { " 3600", "hour" }, { " 86400", "day" } };
  const char *seconds = strrchr(entry->key, ' '), *window = seconds ? seconds + 1 : "";

  for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
    if (seconds && !strcmp(seconds, windows[i].seconds)) window = windows[i].window;
  text name = TEXT_ZERO;
  text_copy_bytes(&name, entry->key, seconds ? (size_t)(seconds - entry->key) : strlen(entry->key));
  add_printable(line, text_string(&name));
  text_add_format(line, ": %llu in %s ", (unsigned long long)entry->used, *window == 'h' ? "an" : "a");
  add_printable(line, window);
  text_free(&name);
}

static void show(void *user, const struct limits_entry *entry)
{
  text line = TEXT_ZERO;

  text_add(&line, user);
  text_add(&line, ": ");
  if (entry->is_counter)
    add_counter(&line, entry);
  else {
    add_printable(&line, entry->key);
    text_add(&line, ": ");
    add_printable(&line, entry->value);
    text_add_format(&line, ", %llu seconds old", (unsigned long long)entry->age_seconds);
  }
  text_add_format(&line, ", for %llu seconds\n", (unsigned long long)entry->left_seconds);
  fwrite(line.s, 1, line.len, stdout);
  text_free(&line);
}

static void visit(const char *user, const char *key)
{
  uint64_t count = 0;

  limits_become_owner(user);
  struct limits *l = limits_open(user);
  bool is_good = key ? limits_forget(l, strcmp(key, "all") ? key : "", &count) : limits_each(l, show, (void *)(uintptr_t)user);
  if (!is_good) die_temporary("the store of ", user, " cannot be read");
  if (key && count) printf("%s: %llu cleared\n", user, (unsigned long long)count);
  if (fflush(stdout)) die_unable("write");
}

static void visit_all(const char *key)
{
  text users = TEXT_ZERO;
  int status, worst = 0;

  if (!folder_names("state/limits", 0, &users) && errno != ENOENT) die_unable("read the folder state/limits");
  for (size_t at = 0; at < users.len; at += strlen(users.s + at) + 1) {
    if (!strcmp(users.s + at, GUESS_USER)) continue; /* mailadm auth */
    pid_t pid = fork();
    if (pid == -1) die_unable("start a process for a store");
    if (!pid) {
      visit(users.s + at, key);
      _exit(END_DONE);
    }
    if (waitpid(pid, &status, 0) == -1 || status) worst = END_TEMPORARY;
  }
  text_free(&users);
  if (worst) die_temporary("not all stores could be read (see above)");
}

void admin_limits_list(void) { visit_all(0); }

void admin_limits_clear(const char *key) { visit_all(key); }
