#include "admin/relayrules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>

#include "admin/rebuild.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/secret.h"

#define FOLDER "control/relayrules"
enum { NAME_BYTES_MAX = 64 };

bool relayrules_asks;

static const char *const known[] = { "type", "subject", "host", "port", "protocol", "tls", "login", "password", "tokenfile", "tokencommand", "fingerprint", "source", "certificate", "enabled", 0 };
static const char *const fixed[] = { "type", "subject", 0 };
static const char *const lists[] = { "fingerprint", "source", 0 };
static const char *const unseen[] = { "password", "tokencommand", 0 }; /* its words may hold a secret, too */

static bool is_one_of(const char *const *words, const char *word, size_t length)
{
  for (; *words; words++)
    if (strlen(*words) == length && bytes_are_nocase(*words, word, length)) return true;
  return false;
}

/* Nobody else changes them until this process ends. */
static void lock(void)
{
  int fd = open(FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd == -1) die_unable("open the folder ", FOLDER, " (service/setup makes it)");
  while (flock(fd, LOCK_EX) == -1)
    if (errno != EINTR) die_unable("lock the folder ", FOLDER);
}

static void check_name(const char *name)
{
  size_t length = strlen(name);

  for (size_t i = 0; i < length; i++)
    if (!ascii_is_alpha(name[i]) && !ascii_is_digit(name[i]) && (!i || !strchr("._-", name[i]))) length = 0;
  if (!length || length > NAME_BYTES_MAX) die_permanent("a new rule's name is letters, digits, '.', '-' and '_', and begins with a letter or a digit; not ", name);
}

/* Any that tables-build reads: the operator may have made it himself. */
static const char *path_of(const char *name)
{
  static text path = TEXT_ZERO;

  if (!*name || *name == '.' || strchr(name, '/')) die_permanent("this is no name of a rule: ", name);
  text_copy(&path, FOLDER "/");
  text_add(&path, name);
  return text_string(&path);
}

static void read_rule(const char *name, text *bytes)
{
  const char *path = path_of(name);

  if (openslurpclose(bytes, path)) return;
  if (errno == ENOENT) die_permanent("there is no relay rule ", name, " (", path, ")");
  die_unable("read ", path);
}

/* The key of a line "key: value"; false: it is a comment, empty, or none. */
static bool key_of(const char *line, size_t length, const char **key, size_t *key_length)
{
  const char *colon = memchr(line, ':', length);

  while (length && ascii_is_space(*line)) line++, length--;
  if (!colon || !length || *line == '#' || colon < line) return false;
  *key = line;
  for (*key_length = (size_t)(colon - line); *key_length && ascii_is_space(line[*key_length - 1]);) --*key_length;
  return true;
}

/* All lines of the key go; lines takes their place, or comes at the end. Every other byte stays. */
static void put(text *bytes, const char *key, const text *lines)
{
  text out = TEXT_ZERO;
  bool is_put = false;

  for (size_t at = 0; at < bytes->len;) {
    const char *line = bytes->s + at, *newline = memchr(line, '\n', bytes->len - at), *found;
    size_t length = newline ? (size_t)(newline - line) : bytes->len - at, found_length;
    at += length + 1;
    if (!key_of(line, length, &found, &found_length) || found_length != strlen(key) || !bytes_are_nocase(found, key, found_length)) {
      text_add_bytes(&out, line, length);
      text_add_char(&out, '\n');
    } else if (!is_put) {
      text_add_text(&out, lines);
      is_put = true;
    }
  }
  if (!is_put) text_add_text(&out, lines);
  text_wipe(bytes);
  *bytes = out;
}

static void put_one(text *bytes, const char *key, const char *value)
{
  text lines = TEXT_ZERO;

  if (*value) text_add_format(&lines, "%s: %s\n", key, value);
  put(bytes, key, &lines);
  text_wipe(&lines);
}

/* "key=value": the length of the key. */
static size_t check_argument(const char *argument)
{
  const char *equals = strchr(argument, '=');
  size_t length = equals ? (size_t)(equals - argument) : 0;

  if (!length || !is_one_of(known, argument, length)) die_permanent(argument, " is not KEY=VALUE, where KEY is one of a relay rule (tables-build.md)");
  if (is_one_of((const char *const[]){ "password", 0 }, argument, length))
    die_permanent("the password is read from fd 0, one line: on the command line all users of this host can see it, and the shell keeps it"); /* W-17 */
  for (const char *c = equals; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f) die_permanent("a value has a control character: ", argument);
  return length;
}

/* Each key that is named, with all its values: those of fingerprint and source may be several. */
static void put_arguments(text *bytes, const char *const *arguments)
{
  text key = TEXT_ZERO, lines = TEXT_ZERO;

  for (size_t i = 0; arguments[i]; i++) {
    size_t length = check_argument(arguments[i]);
    text_copy_bytes(&key, arguments[i], length);
    text_lower(&key);
    text_string(&key);
    text_clear(&lines);
    for (size_t j = 0; arguments[j]; j++)
      if (!strncmp(arguments[j], arguments[i], length + 1) && arguments[j][length + 1]) text_add_format(&lines, "%s: %s\n", key.s, arguments[j] + length + 1);
    put(bytes, key.s, &lines);
  }
  text_free(&key);
  text_free(&lines);
}

static void parse(const char *name, const text *bytes, text *fields)
{
  text error = TEXT_ZERO;

  if (!conf_fields_parse(path_of(name), bytes->s, bytes->len, known, fields, &error)) die_permanent(error.s);
  text_free(&error);
}

static void ask_password(text *bytes)
{
  text password = TEXT_ZERO;

  secret_read_or_none(&password);
  if (password.len && (ascii_is_space(password.s[0]) || ascii_is_space(password.s[password.len - 1]) || memchr(password.s, '\r', password.len)))
    die_permanent("white space around a password, or a CR in it, cannot be kept in a file of lines");
  if (password.len) put_one(bytes, "password", password.s);
  text_wipe(&password);
}

/* tables-build understands it, and it goes with the other rules; then it is there whole. */
static void save(const char *name, const text *bytes, bool is_new)
{
  rebuild_check_rule(name, bytes);
  if (is_new ? file_create(FOLDER, name, bytes, 0640) : file_replace(FOLDER, name, bytes, 0640)) return;
  if (is_new && errno == EEXIST) die_permanent("there is a relay rule ", name, " already (", path_of(name), ")");
  die_unable("write ", path_of(name));
}

void relayrules_add(const char *const *arguments, bool is_json)
{
  text bytes = TEXT_ZERO, fields = TEXT_ZERO;

  (void)is_json;
  check_name(arguments[0]);
  lock();
  if (!access(path_of(arguments[0]), F_OK)) die_permanent("there is a relay rule ", arguments[0], " already (", path_of(arguments[0]), ")");
  put_arguments(&bytes, arguments + 1);
  parse(arguments[0], &bytes, &fields);
  if (*record_get(&fields, "login") && !*record_get(&fields, "tokenfile") && !*record_get(&fields, "tokencommand")) ask_password(&bytes);
  save(arguments[0], &bytes, true);
  rebuild_tables("the relay rule");
  text_wipe(&bytes);
  text_wipe(&fields);
}

/* What a rule is about is what it is: another subject is another rule. */
static void check_fixed(const char *name, const text *before, const text *after)
{
  for (const char *const *key = fixed; *key; key++) {
    const char *otherwise = strcmp(*key, "type") ? "*" : "default", *was = record_get(before, *key), *is = record_get(after, *key);
    if (!string_is_nocase(*was ? was : otherwise, *is ? is : otherwise))
      die_permanent("the ", *key, " of a relay rule stays: mailadm delete relayrule ", name, ", and add another");
  }
}

static void change(const char *name, const char *const *arguments, bool asks)
{
  text bytes = TEXT_ZERO, before = TEXT_ZERO, after = TEXT_ZERO;

  path_of(name);
  lock();
  read_rule(name, &bytes);
  parse(name, &bytes, &before);
  put_arguments(&bytes, arguments);
  parse(name, &bytes, &after);
  check_fixed(name, &before, &after);
  if (*record_get(&before, "password") && (!*record_get(&after, "login") || *record_get(&after, "tokenfile") || *record_get(&after, "tokencommand")))
    put_one(&bytes, "password", ""); /* nothing is left that it would be for */
  else if (asks)
    ask_password(&bytes);
  save(name, &bytes, false);
  rebuild_tables("the relay rule");
  text_wipe(&bytes);
  text_wipe(&before);
  text_wipe(&after);
}

void relayrules_set(const char *const *arguments, bool is_json)
{
  (void)is_json;
  if (!arguments[1] && !relayrules_asks) die_permanent("say what is to be another: KEY=VALUE, or --password");
  change(arguments[0], arguments + 1, relayrules_asks);
}

void relayrules_enable(const char *const *arguments, bool is_json)
{
  (void)is_json;
  change(arguments[0], (const char *const[]){ "enabled=yes", 0 }, false);
}

void relayrules_disable(const char *const *arguments, bool is_json)
{
  (void)is_json;
  change(arguments[0], (const char *const[]){ "enabled=no", 0 }, false);
}

void relayrules_delete(const char *const *arguments, bool is_json)
{
  (void)is_json;
  path_of(arguments[0]);
  lock();
  if (!rebuild_remove("relayrules", arguments[0])) die_permanent("there is no relay rule ", arguments[0], " (", path_of(arguments[0]), ")");
  rebuild_tables("the relay rule's end");
}

/* --- list --- */

static void add_words(text *line, const char *name, const text *fields)
{
  text_add(line, name);
  for (const char *const *key = known; *key; key++) {
    size_t at = 0;
    if (is_one_of(unseen, *key, strlen(*key))) continue;
    for (const char *value; (value = record_next(fields, *key, &at));) text_add_format(line, " %s=%s", *key, value);
  }
  text_add_format(line, " has_password=%s\n", *record_get(fields, "password") ? "yes" : "no");
}

static void add_json(text *line, const char *name, const text *fields)
{
  text_add_char(line, '{');
  json_pair(line, "name", name);
  for (const char *const *key = known; *key; key++) {
    size_t at = 0;
    const char *value = record_next(fields, *key, &at);
    if (!value || is_one_of(unseen, *key, strlen(*key))) continue;
    if (!is_one_of(lists, *key, strlen(*key))) {
      json_pair(line, *key, value);
      continue;
    }
    json_key(line, *key);
    for (char before = '['; value; value = record_next(fields, *key, &at), before = ',') {
      text_add_char(line, before);
      json_string(line, value);
    }
    text_add_char(line, ']');
  }
  json_key(line, "has_password");
  text_add(line, *record_get(fields, "password") ? "true}\n" : "false}\n");
}

void relayrules_list(const char *const *arguments, bool is_json)
{
  text names = TEXT_ZERO, bytes = TEXT_ZERO, fields = TEXT_ZERO, line = TEXT_ZERO;

  (void)arguments;
  if (!folder_names(FOLDER, 0, &names) && errno != ENOENT) die_unable("read the folder ", FOLDER);
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
    const char *name = names.s + at;
    text_clear(&bytes);
    text_clear(&line);
    read_rule(name, &bytes);
    parse(name, &bytes, &fields);
    (is_json ? add_json : add_words)(&line, name, &fields);
    if (buffer_put(buffer_1, line.s, line.len) == -1) die_unable("write to fd 1");
  }
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  text_free(&names);
  text_wipe(&bytes);
  text_wipe(&fields);
  text_free(&line);
}
