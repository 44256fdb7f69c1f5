#include <errno.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/sha256.h>

#include "ldapsync/profile.h"
#include "lib/conf.h"
#include "lib/die.h"

static const char *const known[] = { "filter", "key", "login", "primary", "alias", "uid", "password",
                                     "no-receive", "no-submit", "no-imap", 0 };

/* "attribute", "attribute PREFIX" (its values that begin so, without it) or "attribute=VALUE". */
static void attribute_of(const char *description, text *name)
{
  text_copy_bytes(name, description, strcspn(description, " =\t"));
  text_lower(name);
  text_string(name);
}

static bool is_attribute(const text *name)
{
  if (!name->len || !ascii_is_alpha(name->s[0])) return false;
  for (size_t i = 0; i < name->len; i++)
    if (!ascii_is_alpha(name->s[i]) && !ascii_is_digit(name->s[i]) && !strchr("-._", name->s[i])) return false;
  return true;
}

static bool is_condition(const char *key) { return !strncmp(key, "no-", 3); }

/* False if the value of a field is no attribute description. */
static bool check_field(const char *key, const char *description)
{
  text name = TEXT_ZERO;
  const char *rest = description + strcspn(description, " =\t");

  attribute_of(description, &name);
  bool good = is_attribute(&name) && (is_condition(key) ? *rest == '=' && rest[1] : *rest != '=');
  text_free(&name);
  return good;
}

bool profile_parse(struct profile *p, const char *name, const char *bytes, size_t length, text *error)
{
  size_t at = 0, key_length;

  text_copy(&p->path, name);
  text_string(&p->path);
  if (!conf_fields_parse(name, bytes, length, known, &p->fields, error)) return false;
  for (const char *key; (key = record_walk(&p->fields, &at, &key_length));) {
    const char *value = key + key_length + 1;
    text word = TEXT_ZERO;
    text_copy_bytes(&word, key, key_length);
    bool good = text_is(&word, "filter") || check_field(text_string(&word), value);
    if (!good) text_add_format(error, "%s: %s: %s is not %s", name, word.s, value, is_condition(word.s) ? "ATTRIBUTE=VALUE" : "an attribute");
    text_free(&word);
    if (!good) break;
  }
  if (!error->len && !*record_get(&p->fields, "primary")) text_add_format(error, "%s: no primary: which attribute is the mail address?", name);
  text_string(error);
  return !error->len;
}

static bool read_profile(const char *folder, const char *name, text *path, text *bytes)
{
  text_copy(path, folder);
  text_add(path, name);
  text_clear(bytes);
  if (openslurpclose(bytes, text_string(path))) return true;
  if (errno != ENOENT) die_unable("read ", path->s);
  return false;
}

void profile_open(struct profile *p, const char *name)
{
  text path = TEXT_ZERO, bytes = TEXT_ZERO, error = TEXT_ZERO;

  if (strchr(name, '/') || *name == '.') die_permanent("the profile's name ", name, " is no file name");
  if (!read_profile("control/profiles/", name, &path, &bytes) && !read_profile("profiles/", name, &path, &bytes))
    die_permanent("there is no profile ", name, ": neither control/profiles/", name, " nor profiles/", name);
  if (!profile_parse(p, path.s, bytes.s, bytes.len, &error)) die_permanent(error.s);
  text_free(&path);
  text_free(&bytes);
  text_free(&error);
}

void profile_close(struct profile *p)
{
  text_free(&p->path);
  text_free(&p->fields);
}

static bool has_name(const text *names, const char *name)
{
  for (size_t at = 0; at < names->len; at += strlen(names->s + at) + 1)
    if (!strcmp(names->s + at, name)) return true;
  return false;
}

void profile_attributes(const struct profile *p, text *names)
{
  text name = TEXT_ZERO;
  size_t at = 0, key_length;

  text_clear(names);
  for (const char *key; (key = record_walk(&p->fields, &at, &key_length));) {
    if (key_length == 6 && !memcmp(key, "filter", 6)) continue;
    attribute_of(key + key_length + 1, &name);
    if (has_name(names, name.s)) continue;
    text_add_bytes(names, name.s, name.len + 1);
  }
  text_free(&name);
}

bool profile_has(const struct profile *p, const char *concept, const char *attribute)
{
  text name = TEXT_ZERO;
  size_t at = 0;
  bool found = false;

  for (const char *description; !found && (description = record_next(&p->fields, concept, &at));) {
    attribute_of(description, &name);
    found = !strcmp(name.s, attribute);
  }
  text_free(&name);
  return found;
}

/* Adds the values of one attribute description under a key; those that a record cannot hold count as absent. */
static void map_values(const struct ldif_entry *e, const char *description, const char *key, text *facts)
{
  text name = TEXT_ZERO;
  const char *prefix = description + strcspn(description, " \t");
  size_t at = 0, length;

  prefix += strspn(prefix, " \t");
  attribute_of(description, &name);
  size_t prefix_length = strlen(prefix);
  for (const char *value; (value = ldif_entry_next(e, name.s, &at, &length));) {
    if (memchr(value, 0, length) || length < prefix_length || !bytes_are_nocase(value, prefix, prefix_length)) continue;
    if (length > prefix_length) record_add_bytes(facts, key, value + prefix_length, length - prefix_length);
  }
  text_free(&name);
}

static void map_concept(const struct profile *p, const struct ldif_entry *e, const char *concept, const char *key, text *facts)
{
  size_t at = 0;
  for (const char *description; (description = record_next(&p->fields, concept, &at));)
    map_values(e, description, key, facts);
}

/* "ATTRIBUTE=VALUE" without regard to case, or "ATTRIBUTE=*": there is one. */
static bool is_true(const struct ldif_entry *e, const char *condition)
{
  text name = TEXT_ZERO;
  const char *wanted = strchr(condition, '=') + 1;
  size_t at = 0, length;
  bool found = false;

  attribute_of(condition, &name);
  for (const char *value; !found && (value = ldif_entry_next(e, name.s, &at, &length));)
    found = !strcmp(wanted, "*") || (length == strlen(wanted) && bytes_are_nocase(value, wanted, length));
  text_free(&name);
  return found;
}

static void map_bit(const struct profile *p, const struct ldif_entry *e, const char *concept, text *facts)
{
  size_t at = 0;
  bool is_no = false;

  for (const char *condition; !is_no && (condition = record_next(&p->fields, concept, &at));) is_no = is_true(e, condition);
  record_add(facts, concept + 3, is_no ? "no" : "yes");
}

static bool is_key(const char *key)
{
  size_t length = 0;
  for (; key[length]; length++)
    if (!ascii_is_alpha(key[length]) && !ascii_is_digit(key[length]) && key[length] != '-') return false;
  return length && length <= 64;
}

/* Without an immutable id the dn is all that an entry is known by: the key is made of it, the same at every build. */
static void key_of_dn(const struct ldif_entry *e, text *facts)
{
  text dn = TEXT_ZERO, key = TEXT_ZERO;
  SHA256Schedule schedule;
  char digest[32];

  text_add_text(&dn, &e->dn);
  text_lower(&dn);
  sha256_init(&schedule);
  sha256_update(&schedule, dn.s, dn.len);
  sha256_final(&schedule, digest);
  text_add(&key, "dn-");
  for (unsigned int i = 0; i < 16; i++) text_add_format(&key, "%02x", (unsigned char)digest[i]);
  record_add(facts, "key", text_string(&key));
  text_free(&dn);
  text_free(&key);
}

static void map_key(const struct profile *p, const struct ldif_entry *e, text *facts)
{
  text keys = TEXT_ZERO;

  map_concept(p, e, "key", "key", &keys);
  const char *key = record_get(&keys, "key");
  if (is_key(key))
    record_add(facts, "key", key);
  else
    key_of_dn(e, facts);
  text_free(&keys);
}

bool profile_map(const struct profile *p, const struct ldif_entry *e, text *facts)
{
  text_clear(facts);
  map_concept(p, e, "login", "login", facts);
  map_concept(p, e, "primary", "address", facts);
  map_concept(p, e, "alias", "address", facts);
  if (!facts->len) return false;
  record_add_bytes(facts, "dn", e->dn.s, e->dn.len);
  map_key(p, e, facts);
  map_concept(p, e, "uid", "uid", facts);
  map_concept(p, e, "password", "password", facts);
  map_bit(p, e, "no-receive", facts);
  map_bit(p, e, "no-submit", facts);
  map_bit(p, e, "no-imap", facts);
  return true;
}
