/* mailadm: domains, accounts, addresses, groups and public mailboxes, from the command line (W-16, W-17, W-18).

   add writes one file (control/domains/D, directory/USER@D.ldif, ...), delete removes one; then bin/tables-build runs, so that it
   works at once. list reads the published tables. Runs as root, or as the owner of a private home. */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/random.h>

#include "admin/addresses.h"
#include "admin/limits.h"
#include "admin/listing.h"
#include "admin/rebuild.h"
#include "lib/address.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/home.h"
#include "lib/ldif.h"
#include "lib/options.h"
#include "lib/password.h"
#include "lib/secret.h"

#define USAGE "mailadm add domain DOMAIN | add account USER@DOMAIN | add address ADDRESS DESTINATION... | add group NAME MEMBER... | add public NAME | " \
              "delete address ADDRESS | delete group NAME | list domains|accounts|addresses|groups|dns [ --json ] | limits list | limits clear KEY|all"

/* A-label form, in lower case. */
static void check_domain(const char *name, text *domain)
{
  if (!domain_fold(name, strlen(name), domain)) die_permanent(name, " is no domain name (letters, digits, '-' and '.', or those of other languages)");
  if (!strchr(text_string(domain), '.')) die_permanent(name, " has no dot: give the full domain name");
}

/* Its file may be named otherwise (a U-label), but is then in the tables. */
static bool have_domain(const char *domain)
{
  text record = TEXT_ZERO, path = TEXT_ZERO;
  bool is_published = rebuild_have("domain", domain, &record);

  text_add_format(&path, "control/domains/%s", domain);
  bool is_written = access(text_string(&path), F_OK) == 0;
  text_free(&record);
  text_free(&path);
  return is_published || is_written;
}

static void add_domain(const char *const *arguments, bool is_json)
{
  text domain = TEXT_ZERO, nothing = TEXT_ZERO;

  (void)is_json;
  check_domain(arguments[0], &domain);
  if (have_domain(domain.s)) die_permanent("mail_domain_already_exists: the domain ", domain.s, " exists already"); /* N-16 */
  rebuild_create("domains", domain.s, &nothing, "the domain");
  rebuild_tables("the domain");
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
  text_wipe(&stored);
  if (password_scram(&stored, password)) add_attribute(out, "userPassword", text_string(&stored));
  text_free(&dn);
  text_free(&uuid);
  text_wipe(&stored);
}

static void parse_account(struct address *a, const char *argument)
{
  if (address_parse(a, argument, strlen(argument)) != ADDRESS_FULL || a->is_literal)
    die_permanent(argument, " is no mail address like user@example.org");
  if (!have_domain(a->domain)) die_permanent("the domain ", a->domain, " is not ours: mailadm add domain ", a->domain);
}

static void add_account(const char *const *arguments, bool is_json)
{
  struct address a = ADDRESS_ZERO;
  text password = TEXT_ZERO, name = TEXT_ZERO, entry = TEXT_ZERO, record = TEXT_ZERO;

  (void)is_json;
  parse_account(&a, arguments[0]);
  if (rebuild_have("address", a.folded.s, &record))
    die_permanent("the address ", a.folded.s, " exists already: ", record_get(&record, "from"));
  bool is_login_free = !rebuild_have("login", a.local, &record);
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
  rebuild_tables("the account");
  address_free(&a);
  text_free(&name);
  text_free(&record);
}

static void list_limits(const char *const *arguments, bool is_json)
{
  (void)arguments;
  (void)is_json;
  admin_limits_list();
}

static void clear_limits(const char *const *arguments, bool is_json)
{
  (void)is_json;
  admin_limits_clear(arguments[0]);
}

static const struct {
  const char *verb, *thing;
  void (*run)(const char *const *arguments, bool is_json);
  int least, most; /* arguments */
} commands[] = {
  { "add", "domain", add_domain, 1, 1 },
  { "add", "account", add_account, 1, 1 },
  { "add", "address", addresses_add, 2, INT_MAX },
  { "add", "group", addresses_add_group, 2, INT_MAX },
  { "add", "public", addresses_add_public, 1, 1 },
  { "delete", "address", addresses_delete, 1, 1 },
  { "delete", "group", addresses_delete_group, 1, 1 },
  { "list", "domains", listing_domains, 0, 0 },
  { "list", "accounts", listing_accounts, 0, 0 },
  { "list", "addresses", listing_addresses, 0, 0 },
  { "list", "groups", listing_groups, 0, 0 },
  { "list", "dns", listing_dns, 0, 0 },
  { "limits", "list", list_limits, 0, 0 },
  { "limits", "clear", clear_limits, 1, 1 },
};

int main(int argc, const char **argv)
{
  bool is_json = false;
  const struct option_word words[] = { { "--json", &is_json }, { 0, 0 } };

  PROG = "mailadm";
  argc = options_read(argv, words, USAGE);
  for (size_t i = 0; argc >= 3 && i < sizeof commands / sizeof *commands; i++) {
    if (strcmp(argv[1], commands[i].verb) || strcmp(argv[2], commands[i].thing)) continue;
    if (argc - 3 < commands[i].least || argc - 3 > commands[i].most || (is_json && strcmp(commands[i].verb, "list"))) break;
    home_enter();
    commands[i].run(argv + 3, is_json);
    return END_DONE;
  }
  die_usage(USAGE);
}
