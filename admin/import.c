#include "admin/import.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>

#include "admin/accounts.h"
#include "admin/addresses.h"
#include "admin/entry.h"
#include "admin/import_parse.h"
#include "admin/rebuild.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/ldif.h"
#include "lib/names.h"
#include "lib/scramkeys.h"

enum { UID_NOBODY = 65534 };

bool import_skips;
int import_start = -1;

struct import {
  enum import_kind kind;
  const char *path, *domain; /* domain: of names without one; 0 */
  text bytes, shadow;
  text record, error;        /* of the line */
  struct names ours, names;  /* domains that the file itself makes ours; names that it gives (aliases) */
  uint64_t minimum_uid;
  size_t wrong, taken, there;
};

static const struct {
  const char *word;
  enum import_kind kind;
  bool has_domain;
} kinds[] = {
  { "users", IMPORT_USERS, false },     { "virtual", IMPORT_VIRTUAL, false },     { "aliases", IMPORT_ALIASES, true },
  { "domains", IMPORT_DOMAINS, false }, { "mailboxes", IMPORT_MAILBOXES, false }, { "passwd", IMPORT_PASSWD, true },
};

static bool refuse(struct import *i, const char *what)
{
  text_copy(&i->error, what);
  text_string(&i->error);
  return false;
}

static bool is_ours(struct import *i, const char *domain) { return names_have(&i->ours, domain) || admin_accounts_have_domain(domain); }

static bool check_domain(struct import *i, const char *domain)
{
  if (is_ours(i, domain)) return true;
  text_copy(&i->error, "the domain ");
  text_add_format(&i->error, "%s is not ours: mailadm add domain %s", domain, domain);
  text_string(&i->error);
  return false;
}

/* People of /etc/passwd who can log in there; the others are no mistake. */
static bool is_person(const struct import *i)
{
  const char *shell = record_get(&i->record, "shell"), *last = strrchr(shell, '/');
  uint64_t uid = 0;

  record_number(&i->record, "uid", UINT32_MAX, &uid);
  return uid >= i->minimum_uid && uid < UID_NOBODY && (!last || (strcmp(last, "/nologin") && strcmp(last, "/false")));
}

/* The address that the line is about: its own, or its name in the domain. */
static bool find_address(struct import *i, struct address *a)
{
  const char *name = record_find(&i->record, "name");
  text whole = TEXT_ZERO;

  if (name)
    text_add_format(&whole, "%s@%s", name, i->domain);
  else
    text_add(&whole, record_get(&i->record, "address"));
  bool good = address_parse(a, text_string(&whole), whole.len) == ADDRESS_FULL;
  text_free(&whole);
  return (good || refuse(i, "not a name that can be an address")) && check_domain(i, a->domain);
}

static bool check_destinations(struct import *i)
{
  size_t at = 0;

  for (const char *to; (to = record_next(&i->record, "to", &at));)
    if (!addresses_is_destination(to)) return refuse(i, "one of its destinations is neither an address nor a login");
  return true;
}

/* Could the line be taken over? */
static bool check_line(struct import *i)
{
  const char *domain = record_find(&i->record, "domain"), *catchall = record_find(&i->record, "catchall");
  struct address a = ADDRESS_ZERO;
  size_t at = 0;

  if (domain) {
    names_add(&i->ours, domain);
    return true;
  }
  if (catchall) {
    record_next(&i->record, "to", &at);
    return check_domain(i, catchall) && (!record_next(&i->record, "to", &at) || refuse(i, "a catchall has one destination: make it a group"));
  }
  if (i->kind == IMPORT_PASSWD && !is_person(i)) return true;
  bool good = find_address(i, &a) && check_destinations(i);
  if (good && i->kind == IMPORT_ALIASES) names_add(&i->names, record_get(&i->record, "name"));
  address_free(&a);
  return good;
}

/* The hash of /etc/shadow. */
static void find_shadow(struct import *i, const char *name, text *stored)
{
  size_t length = strlen(name);

  for (size_t at = 0; at < i->shadow.len;) {
    const char *line = i->shadow.s + at, *newline = memchr(line, '\n', i->shadow.len - at);
    size_t size = newline ? (size_t)(newline - line) : i->shadow.len - at;
    at += size + 1;
    if (size <= length || memcmp(line, name, length) || line[length] != ':' || line[length + 1] != '$') continue;
    text_add(stored, "{CRYPT}");
    text_add_bytes(stored, line + length + 1, strcspn(line + length + 1, ":\n"));
    return;
  }
}

static void add_account(struct import *i)
{
  struct address a = ADDRESS_ZERO;
  text lines = TEXT_ZERO, more = TEXT_ZERO, stored = TEXT_ZERO, file = TEXT_ZERO, record = TEXT_ZERO;
  const char *clear = record_find(&i->record, "clear"), *password = record_find(&i->record, "password"), *quota = record_find(&i->record, "quota"),
             *name = record_find(&i->record, "name");

  find_address(i, &a);
  if (name) find_shadow(i, name, &stored);
  if (password) text_copy(&stored, password);
  if (clear)
    admin_accounts_hash(&lines, clear);
  else if (stored.len && scramkeys_may_store(text_string(&stored)))
    ldif_add(&lines, "userPassword", stored.s, stored.len);
  if (quota) ldif_add(&more, "mailQuota", quota, strlen(quota));
  if (name) ldif_add(&more, "uidNumber", record_get(&i->record, "uid"), strlen(record_get(&i->record, "uid")));
  text_string(&more);
  bool is_there = rebuild_have("address", a.folded.s, &record);
  bool is_login_free = !is_there && !rebuild_have("login", a.local, &record) && names_add(&i->names, a.local); /* of two of a name the first has it */
  bool is_new = !is_there && admin_accounts_create(&a, is_login_free ? name ? name : a.local : 0, &lines, more.s, &file);
  i->taken += is_new;
  i->there += !is_new;
  address_free(&a);
  text_wipe(&lines);
  text_wipe(&stored);
  text_free(&more);
  text_free(&file);
  text_free(&record);
}

/* control/addresses/NAME. A destination that the same file has as a name is that address. */
static void add_address(struct import *i)
{
  struct address a = ADDRESS_ZERO;
  text bytes = TEXT_ZERO, record = TEXT_ZERO;
  size_t at = 0;

  find_address(i, &a);
  for (const char *to; (to = record_next(&i->record, "to", &at));)
    text_add_format(&bytes, "to: %s%s%s\n", to, names_have(&i->names, to) ? "@" : "", names_have(&i->names, to) ? i->domain : "");
  bool is_taken = rebuild_have("address", a.folded.s, &record) && (record_is(&record, "kind", "address") || !strncmp(record_get(&record, "from"), "state/directory/", 16));
  bool is_new = !is_taken && addresses_create(a.folded.s, &bytes);
  i->taken += is_new;
  i->there += !is_new;
  address_free(&a);
  text_free(&bytes);
  text_free(&record);
}

static void add_domain(struct import *i, const char *domain)
{
  text nothing = TEXT_ZERO;
  bool is_new = !admin_accounts_have_domain(domain);

  if (is_new) rebuild_create("domains", domain, &nothing, "the domain");
  i->taken += is_new;
  i->there += !is_new;
}

/* A line in the domain's file, unless it has one already. */
static void add_catchall(struct import *i, const char *domain)
{
  text bytes = TEXT_ZERO, record = TEXT_ZERO, path = TEXT_ZERO;
  const char *file = rebuild_have("domain", domain, &record) ? strrchr(record_get(&record, "file"), '/') + 1 : domain;

  text_add_format(&path, "control/domains/%s", file);
  file_read(text_string(&path), &bytes);
  bool is_new = !record_find(&record, "catchall");
  if (bytes.len && bytes.s[bytes.len - 1] != '\n') text_add_char(&bytes, '\n');
  text_add_format(&bytes, "catchall: %s\n", record_get(&i->record, "to"));
  if (is_new && !file_replace("control/domains", file, &bytes, 0644)) die_unable("write ", path.s);
  i->taken += is_new;
  i->there += !is_new;
  text_free(&bytes);
  text_free(&record);
  text_free(&path);
}

static void take_line(struct import *i)
{
  const char *domain = record_find(&i->record, "domain"), *catchall = record_find(&i->record, "catchall");

  if (domain)
    add_domain(i, domain);
  else if (catchall)
    add_catchall(i, catchall);
  else if (i->kind == IMPORT_VIRTUAL || i->kind == IMPORT_ALIASES)
    add_address(i);
  else if (i->kind != IMPORT_PASSWD || is_person(i))
    add_account(i);
}

/* Twice: what is wrong is known, of every line, before anything is written. */
static void walk(struct import *i, bool is_real)
{
  text line = TEXT_ZERO, where = TEXT_ZERO;
  size_t at = 0, lines = 0, number = 0;

  while (import_next(&i->bytes, i->kind, &at, &lines, &number, &line)) {
    bool good = import_parse(i->kind, &line, &i->record, &i->error) && check_line(i);
    if (good && is_real) take_line(i);
    if (!good && !is_real) {
      text_clear(&where);
      text_add_format(&where, "%s line %zu: ", i->path, number);
      strerr_warnw(text_string(&where), i->error.s);
      i->wrong++;
    }
  }
  text_wipe(&line);
  text_free(&where);
}

static void say(const struct import *i)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "%zu taken over, %zu were there already", i->taken, i->there);
  if (i->wrong) text_add_format(&line, ", %zu lines passed over", i->wrong);
  text_add_char(&line, '\n');
  if (buffer_put(buffer_1, line.s, line.len) == -1 || !buffer_flush(buffer_1)) die_unable("write to fd 1");
  text_free(&line);
}

bool import_read(const char *path, text *bytes)
{
  int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (home == -1 || import_start == -1 || fchdir(import_start) == -1) die_unable("go back to the folder of the start");
  bool good = openslurpclose(bytes, path) != 0;
  int error = errno;
  if (fchdir(home) == -1) die_unable("go to the home");
  close(home);
  errno = error;
  return good;
}

static void read_file(const char *path, text *bytes)
{
  if (!import_read(path, bytes)) die_unable("read ", path);
}

static void set_up(struct import *i, const char *const *arguments)
{
  size_t k = 0;
  text domain = TEXT_ZERO;

  while (k < sizeof kinds / sizeof *kinds && strcmp(kinds[k].word, arguments[0])) k++;
  if (k == sizeof kinds / sizeof *kinds) die_permanent("mailadm import users|virtual|aliases|domains|mailboxes|passwd, not ", arguments[0]);
  i->kind = kinds[k].kind;
  i->path = arguments[1];
  if (kinds[k].has_domain != (arguments[2] != 0)) die_permanent("mailadm import ", kinds[k].word, kinds[k].has_domain ? " FILE DOMAIN" : " FILE");
  if (i->kind != IMPORT_PASSWD && arguments[2] && arguments[3]) die_permanent("a SHADOW file belongs to mailadm import passwd");
  if (arguments[2] && !domain_fold(arguments[2], strlen(arguments[2]), &domain)) die_permanent("not a domain: ", arguments[2]);
  if (arguments[2]) i->domain = text_string(&domain); /* stays */
  i->minimum_uid = conf_number("minimumuid", 1000, UINT32_MAX);
  read_file(i->path, &i->bytes);
  if (arguments[2] && arguments[3]) read_file(arguments[3], &i->shadow);
}

void import_run(const char *const *arguments, bool is_json)
{
  struct import i = { .ours = NAMES_ZERO, .names = NAMES_ZERO };

  (void)is_json;
  set_up(&i, arguments);
  entry_lock();
  walk(&i, false);
  if (i.wrong && !import_skips) die_permanent("nothing was taken over: mend these lines, or pass them over with --skip");
  walk(&i, true);
  text_wipe(&i.bytes);
  text_wipe(&i.shadow);
  text_wipe(&i.record);
  names_free(&i.ours);
  names_free(&i.names);
  text_free(&i.error);
  if (i.taken) rebuild_tables("what was taken over");
  say(&i);
}
