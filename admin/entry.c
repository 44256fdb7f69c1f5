#include "admin/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "admin/rebuild.h"
#include "lib/address.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/ldif.h"

#define END_OF_PATH ".ldif: "

static int open_folder(void)
{
  int fd = open("directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1) die_unable("open the folder directory");
  return fd;
}

void entry_lock(void)
{
  int fd = open_folder();

  while (flock(fd, LOCK_EX) == -1)
    if (errno != EINTR) die_unable("lock the folder directory");
}

bool entry_lock_soon(unsigned int ms)
{
  enum { PAUSE_MS = 20 };
  int fd = open_folder();

  while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
    if (errno != EWOULDBLOCK && errno != EINTR) die_unable("lock the folder directory");
    if (ms < PAUSE_MS) return false;
    ms -= PAUSE_MS;
    nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000 }, 0);
  }
  return true;
}

bool entry_is_ours(const char *from, const char *name, text *why)
{
  text server = TEXT_ZERO;

  text_clear(why);
  if (!strncmp(from, "directory/", 10) && strstr(from, END_OF_PATH)) return true;
  if (!strncmp(from, "state/directory/", 16)) {
    const char *dn = strstr(from, END_OF_PATH);
    bool has_server = conf_value("ldapserver", &server, "");
    text_add_format(why, "%s is of the directory server%s%s: change it there (%s), then run ldapsync", name, has_server ? " " : "", has_server ? server.s : "",
                    dn ? dn + strlen(END_OF_PATH) : from);
  } else if (!strncmp(from, "/etc/passwd", 11))
    text_add_format(why, "%s is a user of this system (/etc/passwd): change it with usermod and passwd, then run tables-build", name);
  else
    text_add_format(why, "%s is no account, but of %s", name, from);
  text_string(why);
  text_free(&server);
  return false;
}

void entry_refuse_served(const char *from, const char *name)
{
  text why = TEXT_ZERO;

  if (!strncmp(from, "state/directory/", 16) && !entry_is_ours(from, name, &why)) die_permanent(why.s);
  text_free(&why);
}

static bool has_value(const struct ldif_entry *e, const char *name, const char *wanted)
{
  size_t at = 0, length;

  for (const char *value; (value = ldif_entry_next(e, name, &at, &length));)
    if (length == strlen(wanted) && !memcmp(value, wanted, length)) return true;
  return false;
}

/* Where the line with this number begins. */
static size_t offset_of(const text *bytes, unsigned long line)
{
  size_t at = 0;

  for (unsigned long n = 1; n < line; n++) {
    const char *newline = memchr(bytes->s + at, '\n', bytes->len - at);
    if (!newline) break;
    at = (size_t)(newline - bytes->s) + 1;
  }
  return at;
}

/* By its key; an entry without an entryUUID by its DN. */
static bool find(struct entry *e, const char *dn)
{
  struct ldif ldif;
  struct ldif_entry one = LDIF_ENTRY_ZERO;
  enum ldif_result result;
  bool found = false;

  ldif_begin(&ldif, e->bytes.s, e->bytes.len);
  while (!found && (result = ldif_next(&ldif, &one)) == LDIF_ENTRY) {
    found = has_value(&one, "entryuuid", e->key.s) || (!strncmp(e->key.s, "dn-", 3) && !strcmp(one.dn.s, dn));
    e->start = offset_of(&e->bytes, one.line);
    e->end = ldif.at;
  }
  if (!found && result == LDIF_BROKEN) die_permanent(e->path.s, " ", ldif.error.s);
  ldif_entry_free(&one);
  ldif_free(&ldif);
  return found;
}

/* Whoever may write directory/ does not choose what root reads, and then writes anew as a file of its own. */
static void read_file(struct entry *e)
{
  struct stat status;
  int fd = open(e->path.s, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  if (fd == -1 && errno == ELOOP) die_permanent(e->path.s, " is a symbolic link: mailadm changes files alone");
  if (fd == -1 || fstat(fd, &status) == -1) die_unable("read ", e->path.s);
  if (!S_ISREG(status.st_mode)) die_permanent(e->path.s, " is no file");
  text_clear(&e->bytes);
  if (!slurp(&e->bytes, fd)) die_unable("read ", e->path.s);
  close(fd);
}

void entry_open(struct entry *e, const char *key, const text *mailbox)
{
  const char *from = record_get(mailbox, "from"), *name = *record_get(mailbox, "name") ? record_get(mailbox, "name") : key;
  text why = TEXT_ZERO;

  if (!entry_is_ours(from, name, &why)) die_permanent(why.s);
  const char *end = strstr(from, END_OF_PATH);
  text_copy(&e->key, key);
  text_copy(&e->name, name);
  text_copy(&e->mail, record_get(mailbox, "path"));
  text_copy_bytes(&e->path, from, (size_t)(end - from) + strlen(".ldif"));
  text_string(&e->key), text_string(&e->name), text_string(&e->mail), text_string(&e->path);
  read_file(e);
  if (!find(e, end + strlen(END_OF_PATH))) die_permanent(e->path.s, " has no entry of ", e->name.s, " any more: run tables-build");
  text_free(&why);
}

void entry_find(struct entry *e, const char *login)
{
  text folded = TEXT_ZERO, record = TEXT_ZERO, mailbox = TEXT_ZERO;

  text_copy(&folded, login);
  login_fold(&folded);
  if (!rebuild_have("login", text_string(&folded), &record)) die_permanent("there is no account ", login);
  const char *key = record_find(&record, "mailbox");
  if (!key) die_permanent(login, " is no account, but of control/backends/", record_get(&record, "backend"));
  if (!rebuild_have("mailbox", key, &mailbox)) die_permanent("there is no account ", login);
  entry_open(e, key, &mailbox);
  text_free(&folded);
  text_free(&record);
  text_free(&mailbox);
}

static size_t line_end(const text *bytes, size_t at, size_t end)
{
  const char *newline;

  do { /* with the lines that continue it */
    newline = memchr(bytes->s + at, '\n', end - at);
    at = newline ? (size_t)(newline - bytes->s) + 1 : end;
  } while (at < end && bytes->s[at] == ' ');
  return at;
}

static bool is_attribute(const char *line, size_t length, const char *attribute)
{
  size_t size = strlen(attribute);
  return length > size && (line[size] == ':' || line[size] == ';') && bytes_are_nocase(line, attribute, size);
}

void entry_set(struct entry *e, const char *attribute, const text *lines)
{
  text changed = TEXT_ZERO, blank = TEXT_ZERO;
  size_t added;

  text_add_bytes(&changed, e->bytes.s, e->start);
  for (size_t at = e->start, next; at < e->end; at = next) {
    next = line_end(&e->bytes, at, e->end);
    bool is_blank = e->bytes.s[at] == '\n' || (e->bytes.s[at] == '\r' && next - at == 2);
    if (is_blank || blank.len)
      text_add_bytes(&blank, e->bytes.s + at, next - at); /* behind the entry */
    else if (!is_attribute(e->bytes.s + at, next - at, attribute))
      text_add_bytes(&changed, e->bytes.s + at, next - at);
  }
  if (changed.len && changed.s[changed.len - 1] != '\n') text_add_char(&changed, '\n');
  text_add_text(&changed, lines);
  text_add_text(&changed, &blank);
  added = changed.len;
  text_add_bytes(&changed, e->bytes.s + e->end, e->bytes.len - e->end);
  text_wipe(&e->bytes);
  e->bytes = changed;
  e->end = added;
  text_free(&blank);
}

/* One line of an entry, with those that continue it. */
static bool line_has(const char *line, size_t length, const char *attribute, const char *wanted)
{
  struct ldif ldif;
  struct ldif_entry one = LDIF_ENTRY_ZERO;
  text entry = TEXT_ZERO, name = TEXT_ZERO;

  text_copy(&entry, "dn: x\n");
  text_add_bytes(&entry, line, length);
  text_copy(&name, attribute);
  text_lower(&name);
  ldif_begin(&ldif, entry.s, entry.len);
  bool has = ldif_next(&ldif, &one) == LDIF_ENTRY && has_value(&one, text_string(&name), wanted);
  ldif_entry_free(&one);
  ldif_free(&ldif);
  text_wipe(&entry);
  text_free(&name);
  return has;
}

bool entry_swap(struct entry *e, const char *attribute, const char *value, const text *lines)
{
  for (size_t at = e->start, next; at < e->end; at = next) {
    text changed = TEXT_ZERO;
    next = line_end(&e->bytes, at, e->end);
    if (!is_attribute(e->bytes.s + at, next - at, attribute) || !line_has(e->bytes.s + at, next - at, attribute, value)) continue;
    text_add_bytes(&changed, e->bytes.s, at);
    text_add_text(&changed, lines);
    text_add_bytes(&changed, e->bytes.s + next, e->bytes.len - next);
    text_wipe(&e->bytes);
    e->bytes = changed;
    e->end += lines->len - (next - at);
    return true;
  }
  return false;
}

void entry_remove(struct entry *e)
{
  size_t rest = e->bytes.len - e->end;

  memmove(e->bytes.s + e->start, e->bytes.s + e->end, rest);
  e->bytes.len = e->start + rest;
  e->end = e->start;
}

static bool has_entry(const struct entry *e)
{
  struct ldif ldif;
  struct ldif_entry one = LDIF_ENTRY_ZERO;

  ldif_begin(&ldif, e->bytes.s, e->bytes.len);
  bool has = ldif_next(&ldif, &one) != LDIF_END; /* what is broken is not thrown away */
  ldif_entry_free(&one);
  ldif_free(&ldif);
  return has;
}

void entry_save(const struct entry *e)
{
  const char *name = e->path.s + strlen("directory/");

  if (has_entry(e)) {
    if (!file_replace("directory", name, &e->bytes, 0640)) die_unable("write ", e->path.s);
  } else if (unlink(e->path.s) == -1 || !folder_sync("directory"))
    die_unable("remove ", e->path.s);
}

void entry_free(struct entry *e)
{
  text_free(&e->key);
  text_free(&e->name);
  text_free(&e->mail);
  text_free(&e->path);
  text_wipe(&e->bytes);
}
