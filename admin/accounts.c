#include "admin/accounts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/random.h>

#include "admin/entry.h"
#include "admin/links.h"
#include "admin/rebuild.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/ldif.h"
#include "lib/password.h"
#include "lib/secret.h"

/* Its file may be named otherwise (a U-label), but is then in the tables. */
bool admin_accounts_have_domain(const char *domain)
{
  text record = TEXT_ZERO, path = TEXT_ZERO;
  bool is_published = rebuild_have("domain", domain, &record);

  text_add_format(&path, "control/domains/%s", domain);
  bool is_written = access(text_string(&path), F_OK) == 0;
  text_free(&record);
  text_free(&path);
  return is_published || is_written;
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

void admin_accounts_hash(text *lines, const char *password)
{
  text stored = TEXT_ZERO;

  password_hash(&stored, password);
  add_attribute(lines, "userPassword", text_string(&stored));
  text_wipe(&stored);
  if (password_scram(&stored, password)) add_attribute(lines, "userPassword", text_string(&stored));
  text_wipe(&stored);
  if (password_scram_sha1(&stored, password)) add_attribute(lines, "userPassword", text_string(&stored));
  text_wipe(&stored);
}

static void format_entry(text *out, const struct address *a, const char *login, const text *passwords, const char *more)
{
  text dn = TEXT_ZERO, uuid = TEXT_ZERO;

  text_add(&dn, "mail=");
  add_dn_value(&dn, a->folded.s);
  add_uuid(&uuid);
  add_attribute(out, "dn", text_string(&dn));
  add_attribute(out, "objectClass", "inetOrgPerson");
  add_attribute(out, "entryUUID", uuid.s);
  add_attribute(out, "cn", a->local);
  add_attribute(out, "sn", a->local);
  if (login) add_attribute(out, "uid", login);
  add_attribute(out, "mail", a->folded.s);
  text_add(out, more);
  text_add_text(out, passwords);
  text_free(&dn);
  text_free(&uuid);
}

void admin_accounts_parse(struct address *a, const char *argument)
{
  if (address_parse(a, argument, strlen(argument)) != ADDRESS_FULL || a->is_literal)
    die_permanent(argument, " is no mail address like user@example.org");
  if (!admin_accounts_have_domain(a->domain)) die_permanent("the domain ", a->domain, " is not ours: mailadm add domain ", a->domain);
}

bool admin_accounts_create(const struct address *a, const char *login, const text *passwords, const char *more, text *file)
{
  text entry = TEXT_ZERO;

  text_clear(file);
  file_name_add(file, a->local, strlen(a->local));
  text_add_char(file, '@');
  file_name_add(file, a->domain, strlen(a->domain));
  text_add(file, ".ldif");
  format_entry(&entry, a, login, passwords, more);
  bool is_new = file_create("directory", text_string(file), &entry, 0640);
  if (!is_new && errno != EEXIST) die_unable("write directory/", file->s);
  text_wipe(&entry);
  return is_new;
}

void admin_accounts_add(const char *const *arguments, bool is_json)
{
  struct address a = ADDRESS_ZERO;
  text password = TEXT_ZERO, stored = TEXT_ZERO, record = TEXT_ZERO, file = TEXT_ZERO;

  (void)is_json;
  admin_accounts_parse(&a, arguments[0]);
  bool is_taken = rebuild_have("address", a.folded.s, &record);
  text why = TEXT_ZERO;
  if (is_taken && !entry_is_ours(record_get(&record, "from"), a.folded.s, &why) && !strncmp(record_get(&record, "from"), "state/directory/", 16))
    die_permanent("address_already_used: ", why.s);
  text_free(&why);
  if (is_taken)
    die_permanent("address_already_used: the address ", a.folded.s, " exists already: ", record_get(&record, "from")); /* S-10 */
  bool is_login_free = !rebuild_have("login", a.local, &record);
  secret_read(&password);
  admin_accounts_hash(&stored, password.s);
  text_wipe(&password);
  if (!admin_accounts_create(&a, is_login_free ? a.local : 0, &stored, "", &file)) die_permanent("the account ", a.folded.s, " exists already (directory/", file.s, ")");
  text_wipe(&stored);
  rebuild_tables("the account");
  address_free(&a);
  text_free(&record);
  text_free(&file);
}

/* A new password: by the next build, which is now. */
void admin_accounts_passwd(const char *const *arguments, bool is_json)
{
  struct entry e = ENTRY_ZERO;
  text password = TEXT_ZERO, stored = TEXT_ZERO;

  (void)is_json;
  entry_lock();
  entry_find(&e, arguments[0]);
  secret_read(&password);
  admin_accounts_hash(&stored, password.s);
  text_wipe(&password);
  entry_set(&e, "userPassword", &stored);
  text_wipe(&stored);
  entry_save(&e);
  links_forget(e.key.s);
  entry_free(&e);
  rebuild_tables("the password");
}
