#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/keys.h"
#include "ldapsync/mailboxes.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/language.h"

enum { DAYS_MAX = 36500, KEPT_BITS = 3 /* receive, submit, imap: also a yes */ };

static const char *const known[] = { "receive", "submit", "imap", "pop3", "sieve", "forwarding", "forward", "keep", "quota", "spamretention", "language", "owner", "root", 0 };

/* The record without one key. */
static void drop(text *record, const char *key)
{
  text kept = TEXT_ZERO;
  size_t at = 0, length, size = strlen(key);

  for (const char *one; (one = record_walk(record, &at, &length));)
    if (length != size || memcmp(one, key, size)) text_add_bytes(&kept, one, strlen(one) + 1);
  text_copy_bytes(record, kept.s, kept.len);
  text_free(&kept);
}

static void set(text *record, const char *key, const char *value)
{
  drop(record, key);
  record_add(record, key, value);
}

/* Bits: the directory's no stays no. */
static void set_bit(text *facts, const char *key, const char *value)
{
  if (!*value) value = "yes";
  if (!record_is(facts, key, "no")) set(facts, key, value);
}

/* Those of which only a no is kept. Of POP3 and Sieve holds what is said of IMAP where nothing is said of them. */
static void set_no(text *facts, const text *fields, const char *key)
{
  bool is_as_imap = strcmp(key, "forwarding") && !*record_get(fields, key);

  if (record_is(fields, is_as_imap ? "imap" : key, "no")) set(facts, key, "no");
}

static bool is_yes_or_no(const char *value) { return !*value || !strcmp(value, "yes") || !strcmp(value, "no"); }

static bool take_forwards(text *facts, const text *fields, text *error)
{
  text folded = TEXT_ZERO;
  size_t at = 0;

  if (record_find(fields, "forward")) drop(facts, "forward");
  for (const char *value; !error->len && (value = record_next(fields, "forward", &at));)
    if (control_address(value, &folded))
      record_add(facts, "forward", folded.s);
    else
      text_add_format(error, "%s is no mail address", value);
  text_free(&folded);
  return !error->len;
}

static bool take_language(text *facts, const text *fields, text *error)
{
  const char *value = record_get(fields, "language");
  text tag = TEXT_ZERO;

  if (*value && language_parse(value, strlen(value), &tag))
    set(facts, "language", tag.s);
  else if (*value)
    text_add_format(error, "language is one such as de or pt-BR (RFC 5646), not %s", value);
  text_free(&tag);
  return !error->len;
}

bool mailbox_settings(text *facts, const text *fields, const char **key, text *error)
{
  static const char *const bits[] = { "receive", "submit", "imap", "pop3", "sieve", "forwarding", 0 };
  const char *keep = record_get(fields, "keep"), *quota = record_get(fields, "quota"), *days = record_get(fields, "spamretention");
  uint64_t number = 0;

  for (const char *const *bit = bits; *bit; bit++) {
    *key = *bit;
    if (!is_yes_or_no(record_get(fields, *bit))) text_add_format(error, "%s is yes or no, not %s", *bit, record_get(fields, *bit));
    if (error->len) return false;
    if (bit - bits < KEPT_BITS)
      set_bit(facts, *bit, record_get(fields, *bit));
    else
      set_no(facts, fields, *bit);
  }
  *key = "keep";
  if (!is_yes_or_no(keep)) text_add_format(error, "keep is yes or no, not %s", keep);
  if (!error->len && *keep) set(facts, "keep", keep);
  if (!error->len && *quota) {
    *key = "quota";
    if (!conf_size_parse(quota, strlen(quota), &number)) text_add_format(error, "quota is a number of bytes, or one with K, M or G behind it, not %s", quota);
    set(facts, "quota", quota);
  }
  if (!error->len && *days) {
    *key = "spamretention";
    if (!number_scan(days, DAYS_MAX, &number)) text_add_format(error, "spamretention is a number of days, not %s", days);
    set(facts, "spamretention", days);
  }
  if (error->len) return false;
  *key = "language";
  if (!take_language(facts, fields, error)) return false;
  *key = "forward";
  return take_forwards(facts, fields, error);
}

/* Names of the account lie in its facts (logins, key), so these stay where they are, and a copy is changed. */
static void own_facts(struct account *a)
{
  text copy = TEXT_ZERO;

  if (a->raw.len) return;
  text_add_text(&copy, &a->facts);
  a->raw = a->facts;
  a->facts = copy;
}

void mailboxes_fields(const char *path, text *fields) { control_fields(path, known, fields); }

static void read_settings(text *facts, const char *path)
{
  text fields = TEXT_ZERO, error = TEXT_ZERO;
  const char *key = "";

  control_fields(path, known, &fields);
  if (!mailbox_settings(facts, &fields, &key, &error)) control_refuse(path, key, record_get(&fields, key), text_string(&error));
  text_free(&fields);
  text_free(&error);
}

static void read_public(void *to, const char *path, const char *file)
{
  text name = TEXT_ZERO, local = TEXT_ZERO, key = TEXT_ZERO;

  if (!control_name(file, &name)) die_permanent(path, ": its name has a % that is no %XX");
  if (!strchr(name.s, '@')) {
    if (!control_local(name.s, &local)) die_permanent(path, ": its name is no local part of an address");
    struct account *a = accounts_add(to);
    key_make(&key, "public", local.s);
    record_add(&a->facts, "key", key.s);
    record_add(&a->facts, "name", local.s);
    read_settings(&a->facts, path);
    text_add_text(&a->addresses, &local);
    text_add(&a->addresses, "@*");
    text_copy(&a->from, path);
    text_string(&a->from);
    a->is_public = true;
    a->key = record_get(&a->facts, "key");
    a->name = text_string(&a->addresses);
    a->addresses.len = 0; /* the generic address is led by its name */
  }
  text_free(&name);
  text_free(&local);
  text_free(&key);
}

void mailboxes_read_public(struct accounts *accounts) { control_folder("mailboxes", read_public, accounts); }

struct reading {
  const struct build *build;
  struct map *settings;
};

static void read_person(void *to, const char *path, const char *file)
{
  const struct reading *r = to;
  const struct build *b = r->build;
  text name = TEXT_ZERO, folded = TEXT_ZERO, nobody = TEXT_ZERO;

  if (!control_name(file, &name)) die_permanent(path, ": its name has a % that is no %XX");
  if (strchr(name.s, '@')) {
    if (!control_address(name.s, &folded)) die_permanent(path, ": its name is no mail address");
    struct account *a = build_login(b, folded.s);
    bool is_primary = a && !strcmp(a->name, folded.s);
    map_add(r->settings, string_duplicate(folded.s), string_duplicate(path));
    if (is_primary) own_facts(a);
    read_settings(is_primary ? &a->facts : &nobody, path);
    if (!is_primary)
      strerr_warnw(path, ": no mailbox has the primary address ", folded.s, ", so these settings are nobody's");
  }
  text_free(&name);
  text_free(&folded);
  text_free(&nobody);
}

void mailboxes_read_settings(const struct build *b, struct map *settings)
{
  struct reading reading = { b, settings };
  control_folder("mailboxes", read_person, &reading);
}

static void check_quota(struct account *a)
{
  const char *quota = record_find(&a->facts, "quota");
  uint64_t bytes;

  if (!quota || conf_size_parse(quota, strlen(quota), &bytes)) return;
  own_facts(a);
  accounts_report(a, "its quota %s is no number of bytes (1000, 100M, 2G): it has none of its own", quota);
  drop(&a->facts, "quota");
}

/* preferredLanguage has the form of Accept-Language (RFC 2798 2.7): the first counts. */
static void check_language(struct account *a)
{
  const char *value = record_find(&a->facts, "language");
  text tags = TEXT_ZERO;

  if (!value) return;
  language_add(value, strlen(value), &tags);
  if (!tags.len) accounts_report(a, "its language %s is none, such as de or pt-BR: it has none of its own", value);
  own_facts(a);
  drop(&a->facts, "language");
  if (tags.len) record_add(&a->facts, "language", tags.s);
  text_free(&tags);
}

static void check_forwards(struct account *a)
{
  text all = TEXT_ZERO, folded = TEXT_ZERO;
  size_t at = 0;

  if (!record_find(&a->facts, "forward")) return;
  for (const char *value; (value = record_next(&a->facts, "forward", &at));)
    if (control_address(value, &folded))
      record_add(&all, "forward", folded.s);
    else
      accounts_report(a, "it cannot be forwarded to %s, which is no mail address", value);
  own_facts(a);
  drop(&a->facts, "forward");
  text_add_text(&a->facts, &all);
  text_free(&all);
  text_free(&folded);
}

static void check(struct account *a)
{
  check_quota(a);
  check_language(a);
  check_forwards(a);
}

void mailboxes_check(struct build *b)
{
  for (size_t i = 0; i < b->accounts.count; i++) check(b->accounts.all[i]);
}

void mailboxes_settle(struct account *a, const struct map *settings)
{
  const char *path = map_find(settings, a->name);

  if (path) {
    own_facts(a);
    read_settings(&a->facts, path);
  }
  check(a);
}

void mailboxes_check_forward(const struct account *a, const struct leads *l, const struct domains *d)
{
  size_t at = 0;

  for (const char *forward; (forward = record_next(&a->facts, "forward", &at));)
    if (!leads_reach(l, d, forward)) accounts_report(a, "it is forwarded to %s, and nobody has that address", forward);
}

void mailboxes_check_forwards(const struct build *b, const struct leads *l, const struct domains *d)
{
  for (size_t i = 0; i < b->accounts.count; i++) mailboxes_check_forward(b->accounts.all[i], l, d);
}
