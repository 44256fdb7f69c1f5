#include "admin/orphans.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <skalibs/buffer.h>

#include "admin/rebuild.h"
#include "lib/conf.h"
#include "lib/date.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/json.h"

enum { DAY_SECONDS = 86400 };

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

/* Since when it is gone, as tables-build noted; 0: that is not known. */
static uint64_t find_since(const text *gone, const char *key)
{
  size_t length = strlen(key);
  uint64_t since = 0;

  for (size_t at = 0; at < gone->len;) {
    const char *line = gone->s + at, *newline = memchr(line, '\n', gone->len - at);
    size_t size = newline ? (size_t)(newline - line) : gone->len - at;
    at += size + 1;
    if (size > length && !memcmp(line, key, length) && line[length] == ' ' && number_scan_bytes(line + length + 1, size - length - 1, INT64_MAX, &since)) return since;
  }
  return 0;
}

static void say(const char *key, const char *uid, const char *path, uint64_t since, bool is_json)
{
  text line = TEXT_ZERO, date = TEXT_ZERO;

  if (since) date_add_internet(&date, since);

  if (is_json) {
    text_add_char(&line, '{');
    json_pair(&line, "path", path);
    json_pair(&line, "uid", uid);
    json_pair(&line, "key", key);
    json_pair(&line, "since", text_string(&date));
    text_add(&line, "}\n");
  } else
    text_add_format(&line, "%s %s %s %s\n", path, uid, key, date.len ? text_string(&date) : "-");
  if (buffer_put(buffer_1, line.s, line.len) == -1) die_unable("write to fd 1");
  text_free(&line);
  text_free(&date);
}

/* "KEY UID PATH", as tables-build writes it. */
static void look_at(struct tables *tables, char *line, const text *gone, bool is_json)
{
  text record = TEXT_ZERO;
  char *uid = strchr(line, ' '), *path = uid ? strchr(uid + 1, ' ') : 0;

  if (!path) die_permanent("state/tables/uids: not \"KEY UID PATH\": ", line);
  *uid++ = 0;
  *path++ = 0;
  enum lookup_result result = tables->file ? tables_find(tables, "mailbox", line, &record) : LOOKUP_ABSENT;
  if (result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  uint64_t since = result == LOOKUP_ABSENT ? find_since(gone, line) : 0;
  bool is_listed = !since || since + conf_number("orphangrace", 0, 36500) * DAY_SECONDS <= (uint64_t)time(0);
  if (result == LOOKUP_ABSENT && is_listed && is_folder(path)) say(line, uid, path, since, is_json);
  text_free(&record);
}

void orphans_list(const char *const *arguments, bool is_json)
{
  struct tables tables = TABLES_ZERO;
  text bytes = TEXT_ZERO, gone = TEXT_ZERO;

  (void)arguments;
  if (!tables_open(&tables, "policy") && errno != ENOENT) die_unable("open tables/current/policy.cdb");
  file_read("state/tables/uids", &bytes);
  file_read("state/tables/gone", &gone);
  for (size_t at = 0; at < bytes.len;) {
    char *line = bytes.s + at, *newline = memchr(line, '\n', bytes.len - at);
    if (!newline) break;
    *newline = 0;
    at = (size_t)(newline - bytes.s) + 1;
    look_at(&tables, line, &gone, is_json);
  }
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  tables_close(&tables);
  text_free(&bytes);
  text_free(&gone);
}
