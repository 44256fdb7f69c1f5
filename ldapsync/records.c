#include <string.h>

#include "ldapsync/records.h"
#include "lib/conf.h"
#include "lib/fingerprint.h"
#include "lib/scramkeys.h"

static size_t group_end(const struct build_name *names, size_t count, size_t i)
{
  size_t end = i + 1;
  while (end < count && !strcmp(names[end].name, names[i].name)) end++;
  return end;
}

/* A login is one account's: its primary address, then a login of the directory, then an address that nobody shares. */
size_t records_login(const struct build *b, size_t i, text *record)
{
  const struct build_name *names = b->logins;
  size_t end = group_end(names, b->login_count, i);
  bool is_shared = false;

  for (size_t n = i + 1; n < end; n++) {
    if (names[n].account == names[i].account) continue;
    is_shared = true;
    if (names[n].rank == BUILD_LOGIN)
      accounts_report(names[n].account, "its login %s is that of %s", names[n].name, names[i].account->from.s);
  }
  text_clear(record);
  bool is_certificate = !strncmp(names[i].name, FINGERPRINT_LOGIN, strlen(FINGERPRINT_LOGIN)); /* whoever adds another's to his entry gets nobody in anywhere */
  if ((names[i].rank != BUILD_ALIAS && !is_certificate) || !is_shared) record_add(record, "mailbox", names[i].account->key);
  return end;
}

static void add_all(const text *facts, const char *key, text *record)
{
  size_t at = 0;
  for (const char *value; (value = record_next(facts, key, &at));) record_add(record, key, value);
}

void records_mailbox(const struct account *a, text *record)
{
  const char *own = record_find(&a->facts, "quota");
  uint64_t quota = 0;

  text_clear(record);
  if (!a->is_public) record_add(record, "name", a->name);
  record_add(record, "kind", a->is_public ? "public" : "user");
  record_add_number(record, "uid", a->place->uid);
  record_add(record, "path", a->place->path);
  if (record_find(&a->facts, "gid")) record_add(record, "gid", record_get(&a->facts, "gid"));
  record_add(record, "receive", record_get(&a->facts, "receive"));
  record_add(record, "submit", record_get(&a->facts, "submit"));
  record_add(record, "imap", record_get(&a->facts, "imap"));
  for (const char *const *bit = (const char *const[]){ "pop3", "sieve", "forwarding", 0 }; *bit; bit++)
    if (record_is(&a->facts, *bit, "no")) record_add(record, *bit, "no");
  add_all(&a->facts, "forward", record);
  if (record_find(&a->facts, "forward")) record_add(record, "keep", record_is(&a->facts, "keep", "yes") ? "yes" : "no");
  if (own && conf_size_parse(own, strlen(own), &quota)) record_add_number(record, "quota", quota);
  add_all(&a->facts, "spamretention", record);
  if (record_find(&a->facts, "language")) record_add(record, "language", record_get(&a->facts, "language"));
  record_add(record, "from", a->from.s);
}

/* Whose mailbox a process of this host has, by its uid (mail-inject). */
void records_uid(const struct account *a, text *record)
{
  text_clear(record);
  record_add(record, "mailbox", a->key);
}

/* How many there are that cannot be stored. */
static size_t take_passwords(const struct account *a, text *record)
{
  size_t at = 0, refused = 0;

  for (const char *stored; (stored = record_next(&a->facts, "password", &at));)
    if (scramkeys_may_store(stored))
      record_add(record, "password", stored);
    else
      refused++;
  return refused;
}

size_t records_secrets(const struct account *a, const struct build_limits *limits, text *record)
{
  size_t refused = 0;

  text_clear(record);
  if (!a->is_from_server || !limits->binds_all) refused = take_passwords(a, record);
  if (!record->len && a->is_from_server) {
    if (record_find(&a->facts, "bind")) record_add(record, "bind", record_get(&a->facts, "bind"));
    record_add(record, "bind", record_get(&a->facts, "dn"));
  }
  return refused;
}

void records_password(const struct account *a, const struct build_limits *limits, text *record)
{
  size_t refused = records_secrets(a, limits, record);

  if (!record->len && refused)
    accounts_report(a, "nobody can log in: its password is in the clear, or of a scheme that is not known; password-hash "
                       "makes a line that can be used");
}
