#include <string.h>

#include "ldapsync/backends.h"
#include "ldapsync/control.h"
#include "lib/die.h"
#include "lib/fingerprint.h"
#include "lib/scramkeys.h"

enum { FINGERPRINTS_MAX = 5 };

static const char *const known[] = { "domain", "network", "fingerprint", "login", "password", 0 };

/* What the backend is known by is nobody else's. */
static bool refuse_second(const struct table *policy, const char *kind, const char *found, text *error)
{
  text other = TEXT_ZERO;

  if (table_find(policy, kind, found, &other)) text_add_format(error, "it is that of %s already", record_get(&other, "backend"));
  return false;
}

static bool add_network(struct backends *b, const char *value, const text *who, text *error)
{
  text found = TEXT_ZERO, whole = TEXT_ZERO;
  bool good = network_key(value, &found);

  if (!good)
    text_add(error, "it is no network");
  else if (!(good = networks_add(&b->networks, b->policy, found.s, who))) {
    text_add_format(&whole, "backend:%s", found.s);
    refuse_second(b->policy, "network", text_string(&whole), error);
  }
  text_free(&found);
  text_free(&whole);
  return good;
}

static bool add_fingerprint(struct backends *b, const char *value, const text *who, text *error)
{
  text hex = TEXT_ZERO;
  bool good = fingerprint_parse(value, &hex);

  if (!good)
    text_add(error, "it is no SHA-256 in hex");
  else if (!(good = table_add(b->policy, "fingerprint", hex.s, who)))
    refuse_second(b->policy, "fingerprint", hex.s, error);
  else
    table_add(b->policy, "fingerprint", "*", who); /* that there is one at all: clients are asked for a certificate */
  text_free(&hex);
  return good;
}

/* Each is a hash; a login has at least one. False: *value is not, or there is none. */
static bool take_passwords(const text *fields, text *record, const char **value)
{
  size_t at = 0;

  for (*value = ""; (*value = record_next(fields, "password", &at));) {
    if (**value != '{' || !scramkeys_may_store(*value)) return false;
    record_add(record, "password", *value);
  }
  *value = "";
  return record->len;
}

static bool add_login(struct backends *b, const char *name, const text *fields, const text *who, text *login, const char **key, const char **value,
                      text *error)
{
  const char *password = record_get(fields, "password");
  text record = TEXT_ZERO;

  *key = "login";
  *value = record_get(fields, "login");
  text_copy(login, *value);
  text_lower(login);
  if (!*text_string(login)) {
    if (!*password) return true;
    *key = "password";
    *value = password;
    text_add(error, "a password needs a login");
  } else if (!take_passwords(fields, &record, &password)) {
    if (*password) *key = "password";
    if (*password) *value = password;
    text_add(error, "a login needs a hashed password, which password-hash makes; one in the clear is not kept");
  } else if (table_add(b->policy, "login", login->s, who))
    table_add(b->auth, "backend", name, &record);
  else
    refuse_second(b->policy, "login", login->s, error);
  text_wipe(&record);
  return !error->len;
}

static bool add_domains(const text *fields, text *record, const char **value, text *error)
{
  text folded = TEXT_ZERO;
  size_t at = 0;

  while (!error->len && (*value = record_next(fields, "domain", &at)))
    if (control_domain(*value, &folded))
      record_add(record, "domain", folded.s);
    else
      text_add(error, "it is no domain");
  if (!error->len && !record_find(record, "domain")) text_add(error, "it has no domain, so it could send as nobody");
  if (!*value) *value = "";
  text_free(&folded);
  return !error->len;
}

static bool add_each(struct backends *b, const char *key, bool (*add)(struct backends *, const char *, const text *, text *), const text *fields,
                     const text *who, const char **value, text *error)
{
  size_t at = 0;

  while (!error->len && (*value = record_next(fields, key, &at))) add(b, *value, who, error);
  if (!*value) *value = "";
  return !error->len;
}

static size_t count(const text *fields, const char *key)
{
  size_t at = 0, found = 0;
  while (record_next(fields, key, &at)) found++;
  return found;
}

bool backend_parse(struct backends *b, const char *name, const char *path, const text *fields, const char **key, const char **value,
                   text *error)
{
  text record = TEXT_ZERO, who = TEXT_ZERO, login = TEXT_ZERO;

  record_add(&who, "backend", name);
  *key = "domain";
  if (add_domains(fields, &record, value, error)) {
    *key = "network";
    add_each(b, *key, add_network, fields, &who, value, error);
  }
  if (!error->len) {
    *key = "fingerprint";
    if (count(fields, *key) > FINGERPRINTS_MAX) text_add(error, "more than 5 fingerprints");
    add_each(b, *key, add_fingerprint, fields, &who, value, error);
  }
  if (!error->len) add_login(b, name, fields, &who, &login, key, value, error);
  if (!error->len) {
    if (login.len) record_add(&record, "login", login.s);
    record_add(&record, "file", path);
    table_add(b->policy, "backend", name, &record);
  }
  text_string(error);
  text_free(&record);
  text_free(&who);
  text_free(&login);
  return !error->len;
}

static void read_backend(void *to, const char *path, const char *name)
{
  text fields = TEXT_ZERO, error = TEXT_ZERO;
  const char *key = "", *value = "";

  control_fields(path, known, &fields);
  if (!backend_parse(to, name, path, &fields, &key, &value, &error)) control_refuse(path, key, value, error.s);
  text_wipe(&fields);
  text_free(&error);
}

void backends_read(struct table *policy, struct table *auth)
{
  struct backends b = { .policy = policy, .auth = auth, .networks = { .kind = "backend", .lengths = TEXT_ZERO } };

  control_folder("backends", read_backend, &b);
  networks_finish(&b.networks, policy);
}
