#include "auth/apps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/password.h"

enum { NOTE_SECONDS = 3600 };

void apps_none(struct apppassword *app)
{
  text_clear(&app->id), text_clear(&app->name), text_clear(&app->services);
  text_string(&app->id), text_string(&app->name), text_string(&app->services);
}

bool apps_find(const text *record, const char *password, struct apppassword *found)
{
  text plain = TEXT_ZERO;
  size_t at = 0;
  bool is_found = false;

  if (record->len && apppassword_plain(password, &plain))
    for (const char *line; !is_found && (line = record_next(record, "app", &at));)
      is_found = apppassword_parse(found, line) && password_check(found->stored.s, plain.s) == PASSWORD_RIGHT;
  if (!is_found) apps_none(found);
  text_wipe(&plain);
  return is_found;
}

/* What counts is when the file was written last. */
void apps_note(const char *id)
{
  text path = TEXT_ZERO;
  struct stat st;

  text_add_format(&path, "state/apppasswords/%s", id);
  if (stat(text_string(&path), &st) == 0 && time(0) - st.st_mtime < NOTE_SECONDS && st.st_mtime <= time(0)) {
    text_free(&path);
    return;
  }
  int fd = open(path.s, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd == -1 || pwrite(fd, "\n", 1, 0) != 1) log_event("last-use-not-kept", "file", path.s, "reason", strerror(errno), (char *)0);
  if (fd != -1) close(fd);
  text_free(&path);
}
