#include "admin/apppasswords.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/random.h>

#include "admin/rebuild.h"
#include "lib/address.h"
#include "lib/apppassword.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/json.h"
#include "lib/password.h"

#define FOLDER "control/apppasswords"
#define USED "state/apppasswords"
enum { ID_BYTES = 8, TIME_MAX = 32 };

/* Nobody else changes them until this process ends. */
static void lock(void)
{
  if (mkdir(FOLDER, 0750) == -1 && errno != EEXIST) die_unable("make the folder ", FOLDER);
  int fd = open(FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1) die_unable("open the folder ", FOLDER);
  while (flock(fd, LOCK_EX) == -1)
    if (errno != EINTR) die_unable("lock the folder ", FOLDER);
}

static void find_key(const char *login, text *key, text *name)
{
  text folded = TEXT_ZERO, record = TEXT_ZERO, mailbox = TEXT_ZERO;

  text_copy(&folded, login);
  login_fold(&folded);
  if (!rebuild_have("login", text_string(&folded), &record)) die_permanent("there is no account ", login);
  if (!record_find(&record, "mailbox")) die_permanent(login, " is no account, but of control/backends/", record_get(&record, "backend"));
  text_copy(key, record_get(&record, "mailbox"));
  if (!rebuild_have("mailbox", text_string(key), &mailbox)) die_permanent("there is no account ", login);
  text_copy(name, record_get(&mailbox, "name"));
  text_string(name);
  text_free(&folded);
  text_free(&record);
  text_free(&mailbox);
}

/* The lines "app=..." of a mailbox; none is none. */
static void read_all(const char *key, text *lines)
{
  static const char *const known[] = { "app", 0 };
  text path = TEXT_ZERO, error = TEXT_ZERO;

  text_clear(lines);
  text_add_format(&path, FOLDER "/%s", key);
  if (!conf_fields(text_string(&path), known, lines, &error)) {
    if (error.len) die_permanent(error.s);
    if (errno != ENOENT) die_unable("read ", path.s);
  }
  text_free(&path);
  text_free(&error);
}

static bool read_next(const text *lines, size_t *at, const char *key, struct apppassword *app)
{
  const char *line = record_next(lines, "app", at);
  if (line && !apppassword_parse(app, line)) die_permanent(FOLDER "/", key, ": a line is no app password");
  return line;
}

static void remove_file(const char *folder, const char *name)
{
  text path = TEXT_ZERO;

  text_add_format(&path, "%s/%s", folder, name);
  if (unlink(text_string(&path)) == -1 && errno != ENOENT) die_unable("remove ", path.s);
  text_free(&path);
}

/* Without any there is no file. */
static void save(const char *key, const char *name, const text *lines)
{
  text bytes = TEXT_ZERO;
  size_t at = 0;

  text_add_format(&bytes, "# %s\n", name);
  for (const char *line; (line = record_next(lines, "app", &at));) text_add_format(&bytes, "app: %s\n", line);
  if (!at || !record_find(lines, "app")) {
    remove_file(FOLDER, key);
    if (!folder_sync(FOLDER)) die_unable("sync the folder ", FOLDER);
  } else if (!file_replace(FOLDER, key, &bytes, 0640))
    die_unable("write ", FOLDER, "/", key);
  text_wipe(&bytes);
}

static void put(const text *line)
{
  if (buffer_put(buffer_1, line->s, line->len) == -1) die_unable("write to fd 1");
}

static void make(struct apppassword *app, text *shown)
{
  char bytes[ID_BYTES];
  text plain = TEXT_ZERO;

  random_buf(bytes, sizeof bytes);
  hex_add(&app->id, bytes, sizeof bytes);
  apppassword_make(&plain, shown);
  password_seal(&app->stored, plain.s);
  app->made = (uint64_t)time(0);
  text_wipe(&plain);
}

void apppasswords_add(const char *const *arguments, bool is_json)
{
  text key = TEXT_ZERO, name = TEXT_ZERO, lines = TEXT_ZERO, shown = TEXT_ZERO, line = TEXT_ZERO;
  struct apppassword app = APPPASSWORD_ZERO, other = APPPASSWORD_ZERO;
  size_t at = 0, count = 0;

  (void)is_json;
  find_key(arguments[0], &key, &name);
  if (!apppassword_services(arguments[1], &app.services)) die_permanent(arguments[1], " is not all, nor one or more of imap, pop3, sieve and submit with commas between them");
  if (!apppassword_name_check(arguments[2])) die_permanent("the name is 1 to 64 bytes of UTF-8 without control characters, as phone");
  text_copy(&app.name, arguments[2]);
  text_string(&app.name);
  lock();
  read_all(key.s, &lines);
  for (; read_next(&lines, &at, key.s, &other); count++)
    if (!strcmp(other.name.s, app.name.s)) die_permanent(name.s, " has an app password ", app.name.s, " already: mailadm apppassword delete ", arguments[0], " NAME");
  if (count >= APPPASSWORD_COUNT_MAX) die_permanent(name.s, " has 50 app passwords, more than anybody needs: delete some");
  make(&app, &shown);
  apppassword_format(&app, &line);
  record_add(&lines, "app", text_string(&line));
  save(key.s, name.s, &lines);
  text_add_char(&shown, '\n');
  put(&shown);
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  rebuild_tables("the app password");
  text_wipe(&shown);
  text_wipe(&line);
  text_wipe(&lines);
}

void apppasswords_delete(const char *const *arguments, bool is_json)
{
  text key = TEXT_ZERO, name = TEXT_ZERO, lines = TEXT_ZERO, kept = TEXT_ZERO, gone = TEXT_ZERO;
  struct apppassword app = APPPASSWORD_ZERO;
  size_t at = 0, before = 0;

  (void)is_json;
  find_key(arguments[0], &key, &name);
  lock();
  read_all(key.s, &lines);
  for (; read_next(&lines, &at, key.s, &app); before = at)
    if (strcmp(app.name.s, arguments[1]))
      text_add_bytes(&kept, lines.s + before, at - before);
    else
      text_copy(&gone, app.id.s);
  if (!gone.len) die_permanent(name.s, " has no app password ", arguments[1]);
  save(key.s, name.s, &kept);
  remove_file(USED, text_string(&gone));
  rebuild_tables("the app password's end");
  text_wipe(&lines);
  text_wipe(&kept);
}

void apppasswords_forget(const char *key)
{
  struct apppassword app = APPPASSWORD_ZERO;
  text lines = TEXT_ZERO;
  size_t at = 0;

  read_all(key, &lines);
  while (read_next(&lines, &at, key, &app)) remove_file(USED, app.id.s);
  if (lines.len) remove_file(FOLDER, key);
  apppassword_free(&app);
  text_wipe(&lines);
}

static void add_time(time_t seconds, char *when)
{
  struct tm parts;
  *when = 0;
  if (gmtime_r(&seconds, &parts)) strftime(when, TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* To the hour: auth-server does not note it more often. */
static void find_use(const struct apppassword *app, char *when)
{
  text path = TEXT_ZERO;
  struct stat st;

  text_add_format(&path, USED "/%s", app->id.s);
  *when = 0;
  if (lstat(text_string(&path), &st) == 0)
    add_time(st.st_mtime, when);
  else if (errno != ENOENT)
    die_unable("look at ", path.s);
  text_free(&path);
}

static void say(const struct apppassword *app, bool is_json)
{
  text line = TEXT_ZERO, services = TEXT_ZERO;
  char made[TIME_MAX], used[TIME_MAX];

  text_copy_bytes(&services, app->services.s, app->services.len - 1);
  add_time((time_t)app->made, made);
  find_use(app, used);
  if (is_json) {
    text_add_char(&line, '{');
    json_pair(&line, "name", app->name.s);
    json_pair(&line, "services", text_string(&services));
    json_pair(&line, "made", made);
    if (*used) json_pair(&line, "used", used);
    text_add(&line, "}\n");
  } else
    text_add_format(&line, "%s %s %s %s\n", text_string(&services), made, *used ? used : "never", app->name.s);
  put(&line);
  text_free(&line);
  text_free(&services);
}

void apppasswords_list(const char *const *arguments, bool is_json)
{
  text key = TEXT_ZERO, name = TEXT_ZERO, lines = TEXT_ZERO;
  struct apppassword app = APPPASSWORD_ZERO;
  size_t at = 0;

  find_key(arguments[0], &key, &name);
  read_all(key.s, &lines);
  while (read_next(&lines, &at, key.s, &app)) say(&app, is_json);
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  text_wipe(&lines);
}
