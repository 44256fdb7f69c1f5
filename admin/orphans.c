#include "admin/orphans.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>

#include "admin/rebuild.h"
#include "lib/die.h"
#include "lib/json.h"

static bool is_folder(const char *mail)
{
  struct stat status;
  text path = TEXT_ZERO;

  text_add_format(&path, "mail/%s", mail);
  bool is = lstat(text_string(&path), &status) == 0 && S_ISDIR(status.st_mode);
  if (!is && errno != ENOENT && errno != ENOTDIR) die_unable("look at ", path.s);
  text_free(&path);
  return is;
}

static void say(const char *key, const char *uid, const char *path, bool is_json)
{
  text line = TEXT_ZERO;

  if (is_json) {
    text_add_char(&line, '{');
    json_pair(&line, "path", path);
    json_pair(&line, "uid", uid);
    json_pair(&line, "key", key);
    text_add(&line, "}\n");
  } else
    text_add_format(&line, "%s %s %s\n", path, uid, key);
  if (buffer_put(buffer_1, line.s, line.len) == -1) die_unable("write to fd 1");
  text_free(&line);
}

/* "KEY UID PATH", as tables-build writes it. */
static void look_at(struct tables *tables, char *line, bool is_json)
{
  text record = TEXT_ZERO;
  char *uid = strchr(line, ' '), *path = uid ? strchr(uid + 1, ' ') : 0;

  if (!path) die_permanent("state/tables/uids: not \"KEY UID PATH\": ", line);
  *uid++ = 0;
  *path++ = 0;
  enum lookup_result result = tables->file ? tables_find(tables, "mailbox", line, &record) : LOOKUP_ABSENT;
  if (result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  if (result == LOOKUP_ABSENT && is_folder(path)) say(line, uid, path, is_json);
  text_free(&record);
}

void orphans_list(const char *const *arguments, bool is_json)
{
  struct tables tables = TABLES_ZERO;
  text bytes = TEXT_ZERO;

  (void)arguments;
  if (!tables_open(&tables, "policy") && errno != ENOENT) die_unable("open tables/current/policy.cdb");
  if (!openslurpclose(&bytes, "state/tables/uids") && errno != ENOENT) die_unable("read state/tables/uids");
  for (size_t at = 0; at < bytes.len;) {
    char *line = bytes.s + at, *newline = memchr(line, '\n', bytes.len - at);
    if (!newline) break;
    *newline = 0;
    at = (size_t)(newline - bytes.s) + 1;
    look_at(&tables, line, is_json);
  }
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  tables_close(&tables);
  text_free(&bytes);
}
