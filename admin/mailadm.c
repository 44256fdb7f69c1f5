/* mailadm: domains and accounts, from the command line (W-16, W-17, W-18).

   add writes one file (control/domains/D, directory/USER@D.ldif), then runs bin/tables-build, so that it works at once.
   list reads the published tables. Runs as root, or as the owner of a private home. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>
#include <skalibs/random.h>

#include "admin/limits.h"
#include "lib/address.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/home.h"
#include "lib/ldif.h"
#include "lib/password.h"
#include "lib/secret.h"
#include "lib/tables.h"

#define USAGE "mailadm add domain DOMAIN | add account USER@DOMAIN | list domains | list accounts | limits list | limits clear KEY|all"

extern char **environ;

/* The change is on disk whether this goes well or not: the sentence says so. */
static void build_tables(const char *changed)
{
  static const char *const argv[] = { "bin/tables-build", 0 };
  int status;

  if (setenv("MAILHOME", ".", 1) == -1) die_nomem(); /* it may be a relative path, and this is its folder */
  pid_t pid = child_spawn0(argv[0], argv, (const char *const *)environ);
  if (!pid) die_unable("start bin/tables-build; ", changed, " is written, run it later");
  if (waitpid_nointr(pid, &status, 0) == -1) die_unable("wait for bin/tables-build");
  if (!wait_status(status)) return;
  die_temporary(changed, " is written, but bin/tables-build did not publish it (see above)");
}

static void check_domain(const char *domain)
{
  if (!domain_check(domain, strlen(domain)))
    die_permanent(domain, " is no domain name (letters, digits, '-' and '.'; others in their xn-- form)");
  if (!strchr(domain, '.')) die_permanent(domain, " has no dot: give the full domain name");
}

static bool have_domain(const char *domain)
{
  text names = TEXT_ZERO;
  bool found = false;

  if (!folder_names("control/domains", 0, &names) && errno != ENOENT) die_unable("read the folder control/domains");
  for (size_t at = 0; !found && at < names.len; at += strlen(names.s + at) + 1)
    found = !strcmp(names.s + at, domain);
  text_free(&names);
  return found;
}

static void make_domains_folder(void)
{
  if (mkdir("control/domains", 0755) == -1 && errno != EEXIST) die_unable("make the folder control/domains");
}

static void add_domain(const char *name)
{
  text domain = TEXT_ZERO, nothing = TEXT_ZERO;

  text_copy(&domain, name);
  text_lower(&domain);
  check_domain(text_string(&domain));
  make_domains_folder();
  if (!file_create("control/domains", domain.s, &nothing, 0644)) {
    if (errno == EEXIST) die_permanent("the domain ", domain.s, " exists already (control/domains/", domain.s, ")");
    die_unable("write control/domains/", domain.s);
  }
  build_tables("the domain");
  text_free(&domain);
}

/* RFC 9562 version 4. */
static void add_uuid(text *uuid)
{
  char bytes[16];

  random_buf(bytes, sizeof bytes);
  bytes[6] = (char)((bytes[6] & 0x0f) | 0x40);
  bytes[8] = (char)((bytes[8] & 0x3f) | 0x80);
  for (size_t i = 0; i < sizeof bytes; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text_add_char(uuid, '-');
    text_add_format(uuid, "%02x", (unsigned char)bytes[i]);
  }
  text_string(uuid);
}

static void add_attribute(text *out, const char *name, const char *value) { ldif_add(out, name, value, strlen(value)); }

/* RFC 4514: what must be escaped in the value of a dn. */
static void add_dn_value(text *dn, const char *value)
{
  for (const char *c = value; *c; c++)
    if (strchr(",+\"\\<>;=", *c) || (*c == '#' && c == value) || *c == ' ')
      text_add_format(dn, "\\%02X", (unsigned char)*c);
    else
      text_add_char(dn, *c);
}

static void format_entry(text *out, const struct address *a, bool is_login_free, const char *password)
{
  text dn = TEXT_ZERO, uuid = TEXT_ZERO, stored = TEXT_ZERO;

  text_add(&dn, "mail=");
  add_dn_value(&dn, a->folded.s);
  add_uuid(&uuid);
  password_hash(&stored, password);
  add_attribute(out, "dn", text_string(&dn));
  add_attribute(out, "objectClass", "inetOrgPerson");
  add_attribute(out, "entryUUID", uuid.s);
  add_attribute(out, "cn", a->local);
  add_attribute(out, "sn", a->local);
  if (is_login_free) add_attribute(out, "uid", a->local);
  add_attribute(out, "mail", a->folded.s);
  add_attribute(out, "userPassword", text_string(&stored));
  text_free(&dn);
  text_free(&uuid);
  text_wipe(&stored);
}

/* In the published tables, whatever source it is from. A table that is not there yet has nobody. */
static bool is_taken(const char *kind, const char *name, text *record)
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

static void parse_account(struct address *a, const char *argument)
{
  if (address_parse(a, argument, strlen(argument)) != ADDRESS_FULL || a->is_literal)
    die_permanent(argument, " is no mail address like user@example.org");
  if (!have_domain(a->domain)) die_permanent("the domain ", a->domain, " is not ours: mailadm add domain ", a->domain);
}

static void add_account(const char *argument)
{
  struct address a = ADDRESS_ZERO;
  text password = TEXT_ZERO, name = TEXT_ZERO, entry = TEXT_ZERO, record = TEXT_ZERO;

  parse_account(&a, argument);
  if (is_taken("address", a.folded.s, &record))
    die_permanent("the address ", a.folded.s, " exists already: ", record_get(&record, "from"));
  bool is_login_free = !is_taken("login", a.local, &record);
  secret_read(&password);
  format_entry(&entry, &a, is_login_free, password.s);
  text_wipe(&password);
  file_name_add(&name, a.local, strlen(a.local));
  text_add_char(&name, '@');
  file_name_add(&name, a.domain, strlen(a.domain));
  text_add(&name, ".ldif");
  if (!file_create("directory", text_string(&name), &entry, 0640)) {
    if (errno == EEXIST) die_permanent("the account ", a.folded.s, " exists already (directory/", name.s, ")");
    die_unable("write directory/", name.s);
  }
  text_wipe(&entry);
  build_tables("the account");
  address_free(&a);
  text_free(&name);
  text_free(&record);
}

static void say_lines(const text *names)
{
  for (size_t at = 0; at < names->len; at += strlen(names->s + at) + 1)
    if (buffer_puts(buffer_1, names->s + at) == -1 || buffer_put(buffer_1, "\n", 1) == -1) die_unable("write to fd 1");
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
}

static void list_domains(void)
{
  text names = TEXT_ZERO;

  if (!folder_names("control/domains", 0, &names) && errno != ENOENT) die_unable("read the folder control/domains");
  say_lines(&names);
  text_free(&names);
}

static void list_accounts(void)
{
  struct tables tables = TABLES_ZERO;
  text names = TEXT_ZERO, key = TEXT_ZERO, record = TEXT_ZERO;
  size_t at = 0;

  if (!tables_open(&tables, "policy")) {
    if (errno == ENOENT) return;
    die_unable("open tables/current/policy.cdb");
  }
  enum lookup_result result;
  while ((result = lookup_walk(tables.file, &at, &key, &record)) == LOOKUP_FOUND)
    if (key.len > 8 && !memcmp(key.s, "mailbox:", 8) && record_check(&record)) {
      text_add(&names, record_get(&record, "name"));
      text_add_char(&names, 0);
    }
  if (result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  say_lines(&names);
  tables_close(&tables);
  text_free(&names);
  text_free(&key);
  text_free(&record);
}

static const struct {
  const char *verb, *thing;
  void (*add)(const char *name); /* takes an argument */
  void (*list)(void);            /* takes none */
} commands[] = {
  { "add", "domain", add_domain, 0 },
  { "add", "account", add_account, 0 },
  { "list", "domains", 0, list_domains },
  { "list", "accounts", 0, list_accounts },
  { "limits", "list", 0, admin_limits_list },
  { "limits", "clear", admin_limits_clear, 0 },
};

int main(int argc, const char *const *argv)
{
  PROG = "mailadm";
  for (size_t i = 0; argc >= 3 && i < sizeof commands / sizeof *commands; i++) {
    if (strcmp(argv[1], commands[i].verb) || strcmp(argv[2], commands[i].thing)) continue;
    if (argc != (commands[i].add ? 4 : 3)) break;
    home_enter();
    if (commands[i].add)
      commands[i].add(argv[3]);
    else
      commands[i].list();
    return END_DONE;
  }
  die_usage(USAGE);
}
