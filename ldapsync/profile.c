#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/sha256.h>

#include "ldapsync/profile.h"
#include "lib/conf.h"
#include "lib/die.h"

static const char *const known[] = { "filter", "key", "login", "primary", "alias", "uid", "password",
                                     "no-receive", "no-submit", "no-imap", 0 };

/* "concept: attribute", "concept: attribute PREFIX" (its values that begin so, without it), "no-BIT: attribute=VALUE". */
struct profile_field {
  const char *concept;   /* one of known */
  char *attribute;       /* in lower case */
  const char *rest;      /* the prefix or the value; in the record */
  size_t rest_length;
};

static bool is_condition(const char *concept) { return !strncmp(concept, "no-", 3); }

static bool is_attribute(const char *name)
{
  if (!ascii_is_alpha(*name)) return false;
  for (; *name; name++)
    if (!ascii_is_alpha(*name) && !ascii_is_digit(*name) && !strchr("-._", *name)) return false;
  return true;
}

static const char *find_known(const char *key, size_t length)
{
  for (const char *const *name = known; *name; name++)
    if (strlen(*name) == length && !memcmp(*name, key, length)) return *name;
  return 0;
}

/* False if the description is none. */
static bool parse_field(struct profile_field *f, const char *concept, const char *description)
{
  size_t length = strcspn(description, " =\t");
  const char *rest = description + length;

  f->concept = concept;
  f->attribute = strndup(description, length);
  if (!f->attribute) die_nomem();
  for (char *c = f->attribute; *c; c++) *c = ascii_lower(*c);
  f->rest = rest + strspn(rest, is_condition(concept) ? "=" : " \t");
  f->rest_length = strlen(f->rest);
  return is_attribute(f->attribute) && (is_condition(concept) ? *rest == '=' && *f->rest : *rest != '=');
}

static void parse_fields(struct profile *p, const char *name, text *error)
{
  size_t at = 0, length;

  for (const char *key; !error->len && (key = record_walk(&p->fields, &at, &length));) {
    const char *concept = find_known(key, length), *value = key + length + 1;
    if (!strcmp(concept, "filter")) continue;
    p->parsed = realloc(p->parsed, (p->count + 1) * sizeof *p->parsed);
    if (!p->parsed) die_nomem();
    if (!parse_field(&p->parsed[p->count++], concept, value))
      text_add_format(error, "%s: %s: %s is not %s", name, concept, value,
                      is_condition(concept) ? "ATTRIBUTE=VALUE" : "an attribute");
  }
}

bool profile_parse(struct profile *p, const char *name, const char *bytes, size_t length, text *error)
{
  profile_close(p);
  if (!conf_fields_parse(name, bytes, length, known, &p->fields, error)) return false;
  parse_fields(p, name, error);
  if (!error->len && !*record_get(&p->fields, "primary"))
    text_add_format(error, "%s: no primary: which attribute is the mail address?", name);
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
  for (size_t i = 0; i < p->count; i++) free(p->parsed[i].attribute);
  free(p->parsed);
  text_free(&p->fields);
  *p = (struct profile)PROFILE_ZERO;
}

const char *profile_filter(const struct profile *p)
{
  const char *filter = record_get(&p->fields, "filter");
  return *filter ? filter : "(objectClass=*)";
}

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
  for (size_t i = 0; i < p->count; i++)
    if (!strcmp(p->parsed[i].concept, concept) && !strcmp(p->parsed[i].attribute, attribute)) return true;
  return false;
}

/* Adds the values of one field under a key; those that a record cannot hold count as absent. */
static void map_values(const struct ldif_entry *e, const struct profile_field *f, const char *key, text *facts)
{
  size_t at = 0, length;

  for (const char *value; (value = ldif_entry_next(e, f->attribute, &at, &length));)
    if (length > f->rest_length && !memchr(value, 0, length) && bytes_are_nocase(value, f->rest, f->rest_length))
      record_add_bytes(facts, key, value + f->rest_length, length - f->rest_length);
}

static void map_concept(const struct profile *p, const struct ldif_entry *e, const char *concept, const char *key, text *facts)
{
  for (size_t i = 0; i < p->count; i++)
    if (!strcmp(p->parsed[i].concept, concept)) map_values(e, &p->parsed[i], key, facts);
}

/* The value without regard to case; "*": any. */
static bool is_true(const struct ldif_entry *e, const struct profile_field *f)
{
  size_t at = 0, length;

  for (const char *value; (value = ldif_entry_next(e, f->attribute, &at, &length));)
    if (!strcmp(f->rest, "*") || (length == f->rest_length && bytes_are_nocase(value, f->rest, length))) return true;
  return false;
}

static void map_bit(const struct profile *p, const struct ldif_entry *e, const char *concept, text *facts)
{
  bool is_no = false;

  for (size_t i = 0; i < p->count && !is_no; i++) is_no = !strcmp(p->parsed[i].concept, concept) && is_true(e, &p->parsed[i]);
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
