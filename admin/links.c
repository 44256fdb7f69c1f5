#include "admin/links.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>
#include <skalibs/random.h>
#include <skalibs/sha256.h>

#include "admin/accounts.h"
#include "admin/entry.h"
#include "admin/rebuild.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/json.h"
#include "lib/secret.h"

#define FOLDER "state/links"
enum { TOKEN_BYTES = 24, TOKEN_LEAST = 10, DIGEST = 32, DAY = 86400, LONGEST = 90 * DAY };

bool links_is_wanted, links_is_given, links_resets;

struct link {
  text name, key; /* the file; the mailbox */
  uint64_t ends;
};
#define LINK_ZERO { .name = TEXT_ZERO }

static void name_of(const text *token, text *name)
{
  SHA256Schedule s;
  char digest[DIGEST];

  sha256_init(&s);
  sha256_update(&s, token->s, token->len);
  sha256_final(&s, digest);
  text_clear(name);
  hex_add(name, digest, sizeof digest);
  text_string(name);
  explicit_bzero(&s, sizeof s);
}

/* "mailbox: KEY", "ends: SECONDS" */
static bool read_link(const char *name, struct link *l)
{
  static const char *const known[] = { "mailbox", "ends", 0 };
  text path = TEXT_ZERO, record = TEXT_ZERO, error = TEXT_ZERO;

  text_add_format(&path, FOLDER "/%s", name);
  bool is_there = conf_fields(text_string(&path), known, &record, &error);
  if (!is_there && error.len) die_permanent(error.s);
  if (!is_there && errno != ENOENT) die_unable("read ", path.s);
  if (is_there && !record_number(&record, "ends", UINT64_MAX, &l->ends)) die_permanent(path.s, ": no \"ends: SECONDS\"");
  text_copy(&l->name, name);
  text_copy(&l->key, record_get(&record, "mailbox"));
  text_string(&l->name), text_string(&l->key);
  text_free(&path);
  text_free(&record);
  text_free(&error);
  return is_there;
}

static void free_link(struct link *l)
{
  text_free(&l->name);
  text_free(&l->key);
}

/* On disk it is gone before anything else is done. */
static bool remove_link(const char *name)
{
  text path = TEXT_ZERO;

  text_add_format(&path, FOLDER "/%s", name);
  bool is_ours = unlink(text_string(&path)) == 0;
  if (!is_ours && errno != ENOENT) die_unable("remove ", path.s);
  if (is_ours && !folder_sync(FOLDER)) die_unable("sync the folder ", FOLDER);
  text_free(&path);
  return is_ours;
}

typedef void take_link(const struct link *l, const char *key, bool is_json);

static void walk(take_link *take, const char *key, bool is_json)
{
  text names = TEXT_ZERO;

  if (!folder_names(FOLDER, 0, &names) && errno != ENOENT) die_unable("read the folder ", FOLDER);
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
    struct link l = LINK_ZERO;
    if (read_link(names.s + at, &l)) take(&l, key, is_json);
    free_link(&l);
  }
  text_free(&names);
}

static void forget(const struct link *l, const char *key, bool is_json)
{
  (void)is_json;
  if (!strcmp(l->key.s, key) || l->ends <= (uint64_t)time(0)) remove_link(l->name.s);
}

void links_forget(const char *key) { walk(forget, key, false); }

static void make_token(text *token)
{
  char bytes[TOKEN_BYTES];

  if (links_is_given) {
    secret_read(token);
    if (token->len < TOKEN_LEAST) die_permanent("a token has at least 10 characters");
    return;
  }
  random_buf(bytes, sizeof bytes);
  hex_add(token, bytes, sizeof bytes);
  explicit_bzero(bytes, sizeof bytes);
}

static void store(const char *key, const text *token)
{
  text name = TEXT_ZERO, bytes = TEXT_ZERO;
  uint64_t lasts = conf_seconds("passwordlinktime", DAY, LONGEST);

  if (mkdir(FOLDER, 0700) == -1 && errno != EEXIST) die_unable("make the folder ", FOLDER);
  name_of(token, &name);
  text_add_format(&bytes, "mailbox: %s\nends: %llu\n", key, (unsigned long long)time(0) + lasts);
  if (!file_create(FOLDER, name.s, &bytes, 0600)) {
    if (errno == EEXIST) die_permanent("this token is that of another link");
    die_unable("write ", FOLDER, "/", name.s);
  }
  text_free(&name);
  text_free(&bytes);
}

void links_make(const char *const *arguments, bool is_json)
{
  struct entry e = ENTRY_ZERO;
  text token = TEXT_ZERO, line = TEXT_ZERO, nothing = TEXT_ZERO;

  (void)is_json;
  entry_lock();
  entry_find(&e, arguments[0]);
  make_token(&token);
  links_forget(e.key.s);
  store(e.key.s, &token);
  if (links_resets) {
    entry_set(&e, "userPassword", &nothing);
    entry_save(&e);
    rebuild_tables("that the password is no longer good");
  }
  conf_value("passwordlink", &line, "");
  text_add_text(&line, &token);
  text_add_char(&line, '\n');
  if (!links_is_given && (buffer_put(buffer_1, line.s, line.len) == -1 || !buffer_flush(buffer_1))) die_unable("write to fd 1");
  text_wipe(&token);
  text_wipe(&line);
  entry_free(&e);
}

static void say(const struct link *l, const char *key, bool is_json)
{
  text line = TEXT_ZERO, record = TEXT_ZERO;
  char when[32] = "";
  time_t ends = (time_t)l->ends;
  struct tm parts;

  (void)key;
  if (l->ends <= (uint64_t)time(0)) return;
  if (gmtime_r(&ends, &parts)) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
  const char *name = rebuild_have("mailbox", l->key.s, &record) ? record_get(&record, "name") : l->key.s;
  if (is_json) {
    text_add_char(&line, '{');
    json_pair(&line, "account", name);
    json_pair(&line, "ends", when);
    text_add(&line, "}\n");
  } else
    text_add_format(&line, "%s %s\n", name, when);
  if (buffer_put(buffer_1, line.s, line.len) == -1) die_unable("write to fd 1");
  text_free(&line);
  text_free(&record);
}

void links_list(const char *const *arguments, bool is_json)
{
  (void)arguments;
  walk(say, "", is_json);
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
}

/* Two lines. */
static void read_both(text *token, text *password)
{
  char bytes[2 * SECRET_MAX + 3];
  size_t length = allread(0, bytes, sizeof bytes);
  const char *newline = memchr(bytes, '\n', length);

  if (!newline) die_permanent("fd 0 has the token in its first line and the password in the second one");
  size_t size = (size_t)(newline - bytes);
  text_copy_bytes(token, bytes, size);
  text_copy_bytes(password, newline + 1, length - size - 1);
  explicit_bzero(bytes, sizeof bytes);
  newline = memchr(password->s, '\n', password->len);
  if (newline) password->len = (size_t)(newline - password->s);
  if (!password->len || password->len > SECRET_MAX || memchr(password->s, 0, password->len)) die_permanent("the password has 1 to 511 bytes, and no NUL");
  text_string(token), text_string(password);
}

void links_passwd(const char *const *arguments, bool is_json)
{
  struct link l = LINK_ZERO;
  struct entry e = ENTRY_ZERO;
  text token = TEXT_ZERO, password = TEXT_ZERO, name = TEXT_ZERO, record = TEXT_ZERO, lines = TEXT_ZERO;

  (void)arguments, (void)is_json;
  read_both(&token, &password);
  entry_lock();
  name_of(&token, &name);
  text_wipe(&token);
  bool is_good = read_link(name.s, &l) && l.ends > (uint64_t)time(0) && rebuild_have("mailbox", l.key.s, &record);
  if (!is_good || !remove_link(name.s)) die_permanent("link_not_valid: it has been used, has ended, or never was one");
  entry_open(&e, l.key.s, &record);
  admin_accounts_hash(&lines, password.s);
  text_wipe(&password);
  entry_set(&e, "userPassword", &lines);
  text_wipe(&lines);
  entry_save(&e);
  rebuild_tables("the password");
  entry_free(&e);
  free_link(&l);
  text_free(&name);
  text_free(&record);
}
