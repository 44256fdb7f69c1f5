#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ldapsync/certificate_logins.h"
#include "ldapsync/condition.h"
#include "ldapsync/keys.h"
#include "ldapsync/profile.h"
#include "ldapsync/quota.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"

/* The lines of a profile; a concept is its place here. */
enum concept {
  FILTER, GROUP_FILTER, KEY, LOGIN, PRIMARY, ALIAS, SEND_AS, UID, PASSWORD, FORWARD, QUOTA, LANGUAGE, CERTIFICATE, NO_RECEIVE, NO_SUBMIT, NO_IMAP, NO_POP3, NO_SIEVE, NO_FORWARD, KEEP,
  INTERNAL, CONTACT, PERSON, PRIMARY_GROUP, GROUP, GROUP_HIDDEN, GROUP_INTERNAL, GROUP_ID, GROUP_NAME, GROUP_ADDRESS, GROUP_MEMBER, GROUP_UID, GROUP_MEMBER_ADDRESS, CONCEPTS
};
static const char *const known[] = {
  "filter", "group-filter", "key", "login", "primary", "alias", "send-as", "uid", "password", "forward", "quota", "language", "certificate", "no-receive", "no-submit",
  "no-imap", "no-pop3", "no-sieve", "no-forward", "keep", "internal", "contact", "person", "primary-group", "group", "group-hidden", "group-internal", "group-id", "group-name", "group-address", "group-member", "group-uid", "group-member-address", 0
};

/* "concept: attribute", "concept: attribute PREFIX" (its values that begin so, without it), "key: attribute guid",
   "quota: attribute UNIT" (what a bare number of it counts), "condition: attribute=VALUE" (condition.h). */
struct profile_field {
  enum concept concept;
  char *attribute;       /* in lower case */
  char form;             /* of a condition */
  char *rest;            /* the prefix or the operand */
  size_t rest_length;
};

static bool is_condition(enum concept c)
{
  return (c >= NO_RECEIVE && c <= PERSON) || (c >= GROUP && c <= GROUP_INTERNAL);
}

static bool is_attribute(const char *name)
{
  if (!ascii_is_alpha(*name)) return false;
  for (; *name; name++)
    if (!ascii_is_alpha(*name) && !ascii_is_digit(*name) && !strchr("-._", *name)) return false;
  return true;
}

static enum concept find_concept(const char *key, size_t length)
{
  for (unsigned int i = 0; known[i]; i++)
    if (strlen(known[i]) == length && !memcmp(known[i], key, length)) return i;
  return CONCEPTS;
}

static bool is_guid(const struct profile_field *f) { return !strcmp(f->rest, "guid"); }

static const char *form_of(enum concept c)
{
  if (is_condition(c)) return CONDITION_FORMS;
  return c == KEY ? "an attribute, or one and guid" : c == QUOTA ? "an attribute, or one and K, M or G" : "an attribute";
}

/* False if the description is none. */
static bool parse_field(struct profile_field *f, enum concept concept, const char *description)
{
  bool has_form = is_condition(concept);
  size_t length = strcspn(description, " =&<\t");
  const char *rest = description + length;

  f->concept = concept;
  f->form = *rest;
  if (length && *rest == '=' && rest[-1] == '!') {
    f->form = '!';
    length--;
  }
  f->attribute = strndup(description, length);
  f->rest = strdup(has_form && *rest ? rest + 1 : rest + strspn(rest, " \t"));
  if (!f->attribute || !f->rest) die_nomem();
  for (char *c = f->attribute; *c; c++) *c = ascii_lower(*c);
  f->rest_length = strlen(f->rest);
  bool good = has_form ? condition_check(f->form, f->rest) : !strchr("=&<", *rest) || !*rest;
  if (concept == KEY && *f->rest) good = is_guid(f);
  if (concept == QUOTA && *f->rest) good = f->rest_length == 1 && quota_unit(*f->rest);
  return good && is_attribute(f->attribute);
}

static void set(char **where, const char *value)
{
  free(*where);
  *where = string_duplicate(value);
}

static void parse_fields(struct profile *p, const char *name, const text *fields, text *error)
{
  size_t at = 0, length;

  for (const char *key; !error->len && (key = record_walk(fields, &at, &length));) {
    enum concept concept = find_concept(key, length);
    const char *value = key + length + 1;
    if (concept == FILTER || concept == GROUP_FILTER) {
      set(concept == FILTER ? &p->filter : &p->group_filter, value);
      continue;
    }
    p->parsed = realloc(p->parsed, (p->count + 1) * sizeof *p->parsed);
    if (!p->parsed) die_nomem();
    if (!parse_field(&p->parsed[p->count++], concept, value))
      text_add_format(error, "%s: %s: %s is not %s", name, known[concept], value, form_of(concept));
  }
}

static bool has_concept(const struct profile *p, enum concept concept)
{
  for (size_t i = 0; i < p->count; i++)
    if (p->parsed[i].concept == concept) return true;
  return false;
}

bool profile_parse(struct profile *p, const char *name, const char *bytes, size_t length, text *error)
{
  text fields = TEXT_ZERO;

  if (conf_fields_parse(name, bytes, length, known, &fields, error)) parse_fields(p, name, &fields, error);
  if (!error->len && !has_concept(p, PRIMARY))
    text_add_format(error, "%s: no primary: which attribute is the mail address?", name);
  text_string(error);
  text_free(&fields);
  return !error->len;
}

static bool read_profile(const char *folder, const char *name, text *path, text *bytes)
{
  text_copy(path, folder);
  text_add(path, name);
  return file_read(text_string(path), bytes);
}

void profile_open(struct profile *p, const char *name)
{
  text path = TEXT_ZERO, bytes = TEXT_ZERO, error = TEXT_ZERO;

  if (strchr(name, '/') || *name == '.') die_permanent("the profile's name ", name, " is no file name");
  if (!read_profile("control/profiles/", name, &path, &bytes) && !read_profile("profiles/", name, &path, &bytes))
    die_permanent("there is no profile ", name, ": neither control/profiles/", name, " nor profiles/", name);
  if (!profile_parse(p, path.s, bytes.s, bytes.len, &error)) die_permanent(error.s);
  p->now = time(0);
  text_free(&path);
  text_free(&bytes);
  text_free(&error);
}

void profile_open_directory(struct profile *p)
{
  text names = TEXT_ZERO;

  conf_lines("ldapprofile", &names);
  if (!names.len) profile_open(p, "rfc2307");
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) profile_open(p, names.s + at);
  text_free(&names);
}

void profile_close(struct profile *p)
{
  for (size_t i = 0; i < p->count; i++) {
    free(p->parsed[i].attribute);
    free(p->parsed[i].rest);
  }
  free(p->parsed);
  free(p->filter);
  free(p->group_filter);
  *p = (struct profile)PROFILE_ZERO;
}

const char *profile_filter(const struct profile *p) { return p->filter ? p->filter : "(objectClass=*)"; }

const char *profile_group_filter(const struct profile *p) { return p->group_filter; }

static bool has_name(const text *names, const char *name)
{
  for (size_t at = 0; at < names->len; at += strlen(names->s + at) + 1)
    if (!strcmp(names->s + at, name)) return true;
  return false;
}

void profile_attributes(const struct profile *p, text *names)
{
  text_clear(names);
  for (size_t i = 0; i < p->count; i++)
    if (!has_name(names, p->parsed[i].attribute)) text_add_bytes(names, p->parsed[i].attribute, strlen(p->parsed[i].attribute) + 1);
}

bool profile_has(const struct profile *p, const char *concept, const char *attribute)
{
  enum concept wanted = find_concept(concept, strlen(concept));

  for (size_t i = 0; i < p->count; i++)
    if (p->parsed[i].concept == wanted && !strcmp(p->parsed[i].attribute, attribute)) return true;
  return false;
}

bool profile_has_times(const struct profile *p)
{
  for (size_t i = 0; i < p->count; i++)
    if (p->parsed[i].form == '<') return true;
  return false;
}

/* Has the value this field's prefix, and something behind it? What a record cannot hold counts as absent. */
static bool is_of_field(const struct profile_field *f, const char *value, size_t length)
{
  return length > f->rest_length && !memchr(value, 0, length) && bytes_are_nocase(value, f->rest, f->rest_length);
}

/* Adds the values of one field under a key. */
static void map_values(const struct ldif_entry *e, const struct profile_field *f, const char *key, text *facts)
{
  size_t at = 0, length;

  for (const char *value; (value = ldif_entry_next(e, f->attribute, &at, &length));)
    if (is_of_field(f, value, length))
      record_add_bytes(facts, key, value + f->rest_length, length - f->rest_length);
}

static bool is_capital(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (bytes[i] >= 'a' && bytes[i] <= 'z') return false;
  return true;
}

/* A prefix in capitals, SMTP:, says that the value is the primary address (T15). */
static void map_hints(const struct profile *p, const struct ldif_entry *e, text *facts)
{
  for (size_t i = 0; i < p->count; i++) {
    const struct profile_field *f = &p->parsed[i];
    size_t at = 0, length;
    if (f->concept != ALIAS || !f->rest_length) continue;
    for (const char *value; (value = ldif_entry_next(e, f->attribute, &at, &length));)
      if (is_of_field(f, value, length) && is_capital(value, f->rest_length))
        record_add_bytes(facts, "hint", value + f->rest_length, length - f->rest_length);
  }
}

static void map_concept(const struct profile *p, const struct ldif_entry *e, enum concept concept, const char *key, text *facts)
{
  for (size_t i = 0; i < p->count; i++)
    if (p->parsed[i].concept == concept) map_values(e, &p->parsed[i], key, facts);
}

static bool is_true(const struct profile *p, const struct ldif_entry *e, const struct profile_field *f)
{
  bool is_negative = f->form == '!';
  size_t at = 0, length;

  for (const char *value; (value = ldif_entry_next(e, f->attribute, &at, &length));) {
    if (condition_holds(is_negative ? '=' : f->form, f->rest, value, length, p->now)) return !is_negative;
    if (p->next && f->form == '<') condition_note(f->rest, value, length, p->next);
  }
  return is_negative;
}

static bool holds(const struct profile *p, const struct ldif_entry *e, enum concept concept)
{
  for (size_t i = 0; i < p->count; i++)
    if (p->parsed[i].concept == concept && is_true(p, e, &p->parsed[i])) return true;
  return false;
}

/* A profile that says nothing of POP3 and Sieve was written before there were any: who may not use IMAP may not use these either. */
static bool holds_as_imap(const struct profile *p, const struct ldif_entry *e, enum concept concept)
{
  return holds(p, e, has_concept(p, concept) ? concept : NO_IMAP);
}

/* Without an immutable id the dn is all that an entry is known by: the key is made of it, the same at every build. */
static void key_of_dn(const struct ldif_entry *e, text *facts)
{
  text dn = TEXT_ZERO, key = TEXT_ZERO;

  text_add_text(&dn, &e->dn);
  text_lower(&dn);
  key_hash(&key, "dn", dn.s, dn.len);
  record_add(facts, "key", key.s);
  text_free(&dn);
  text_free(&key);
}

static void map_guids(const struct ldif_entry *e, const struct profile_field *f, text *facts)
{
  text key = TEXT_ZERO;
  size_t at = 0, length;

  for (const char *value; (value = ldif_entry_next(e, f->attribute, &at, &length));)
    if (key_guid(&key, value, length)) record_add(facts, "key", key.s);
  text_free(&key);
}

static void map_key(const struct profile *p, const struct ldif_entry *e, text *facts)
{
  text keys = TEXT_ZERO;

  for (size_t i = 0; i < p->count; i++) {
    if (p->parsed[i].concept != KEY) continue;
    if (is_guid(&p->parsed[i])) map_guids(e, &p->parsed[i], &keys);
    else map_values(e, &p->parsed[i], "key", &keys);
  }
  const char *key = record_get(&keys, "key");
  if (key_check(key))
    record_add(facts, "key", key);
  else
    key_of_dn(e, facts);
  text_free(&keys);
}

/* The name by which Active Directory still knows him when he is renamed or moved. */
static void map_bind(const struct profile *p, const struct ldif_entry *e, text *facts)
{
  text keys = TEXT_ZERO, name = TEXT_ZERO;

  for (size_t i = 0; i < p->count; i++)
    if (p->parsed[i].concept == KEY && is_guid(&p->parsed[i]) && !strcmp(p->parsed[i].attribute, "objectguid")) map_guids(e, &p->parsed[i], &keys);
  if (keys.len) {
    text_add_format(&name, "<GUID=%s>", record_get(&keys, "key"));
    record_add(facts, "bind", text_string(&name));
  }
  text_free(&keys);
  text_free(&name);
}

/* In bytes, if it can be understood; else as it is, which is reported. */
static void map_quotas(const struct profile *p, const struct ldif_entry *e, text *facts)
{
  for (size_t i = 0; i < p->count; i++) {
    const struct profile_field *f = &p->parsed[i];
    size_t at = 0, length;
    uint64_t bytes;
    if (f->concept != QUOTA) continue;
    for (const char *value; (value = ldif_entry_next(e, f->attribute, &at, &length));)
      if (quota_parse(value, length, *f->rest ? quota_unit(*f->rest) : 1, &bytes))
        record_add_number(facts, "quota", bytes);
      else if (length && !memchr(value, 0, length))
        record_add_bytes(facts, "quota", value, length);
  }
}

static void map_group(const struct profile *p, const struct ldif_entry *e, text *facts)
{
  record_add_bytes(facts, "dn", e->dn.s, e->dn.len);
  map_key(p, e, facts);
  map_concept(p, e, GROUP_ID, "id", facts);
  map_concept(p, e, PRIMARY_GROUP, "in-group", facts);
  if (holds(p, e, GROUP_HIDDEN)) record_add(facts, "hidden", "yes");
  if (holds(p, e, GROUP_INTERNAL)) record_add(facts, "internal", "yes");
  map_concept(p, e, GROUP_NAME, "name", facts);
  map_concept(p, e, GROUP_ADDRESS, "address", facts);
  map_concept(p, e, GROUP_MEMBER, "member-dn", facts);
  map_concept(p, e, GROUP_UID, "member-uid", facts);
  map_concept(p, e, GROUP_MEMBER_ADDRESS, "member", facts);
}

static void map_account(const struct profile *p, const struct ldif_entry *e, text *facts)
{
  record_add_bytes(facts, "dn", e->dn.s, e->dn.len);
  map_key(p, e, facts);
  map_bind(p, e, facts);
  map_concept(p, e, PRIMARY_GROUP, "in-group", facts);
  map_concept(p, e, UID, "uid", facts);
  map_concept(p, e, PASSWORD, "password", facts);
  map_concept(p, e, SEND_AS, "send-as", facts);
  map_concept(p, e, FORWARD, "forward", facts);
  map_quotas(p, e, facts);
  map_concept(p, e, LANGUAGE, "language", facts);
  for (size_t i = 0; i < p->count; i++)
    if (p->parsed[i].concept == CERTIFICATE) certificate_logins_add(e, p->parsed[i].attribute, facts);
  if (holds(p, e, KEEP)) record_add(facts, "keep", "yes");
  if (holds(p, e, INTERNAL)) record_add(facts, "internal", "yes");
  if (holds(p, e, CONTACT)) record_add(facts, "contact", "yes");
  record_add(facts, "receive", holds(p, e, NO_RECEIVE) ? "no" : "yes");
  record_add(facts, "submit", holds(p, e, NO_SUBMIT) ? "no" : "yes");
  record_add(facts, "imap", holds(p, e, NO_IMAP) ? "no" : "yes");
  if (holds_as_imap(p, e, NO_POP3)) record_add(facts, "pop3", "no");
  if (holds_as_imap(p, e, NO_SIEVE)) record_add(facts, "sieve", "no");
  if (holds(p, e, NO_FORWARD)) record_add(facts, "forwarding", "no");
}

enum profile_kind profile_map(const struct profile *p, const struct ldif_entry *e, text *facts)
{
  text_clear(facts);
  if (holds(p, e, GROUP) && !holds(p, e, PERSON)) {
    map_group(p, e, facts);
    return PROFILE_GROUP;
  }
  map_concept(p, e, LOGIN, "login", facts);
  certificate_logins_refuse(facts);
  map_concept(p, e, PRIMARY, "address", facts);
  map_concept(p, e, ALIAS, "alias", facts);
  map_hints(p, e, facts);
  if (!facts->len) return PROFILE_NOBODY;
  map_account(p, e, facts);
  return PROFILE_ACCOUNT;
}
