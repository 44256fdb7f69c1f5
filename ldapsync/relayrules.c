#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/relayrules.h"
#include "lib/die.h"

static const char *const known[] = { "type", "subject", "host", "port", "tls", "login", "password", "enabled", 0 };
static const char *const tls_words[] = { "may", "encrypt", "verify", "tls", "off", 0 };
static const char *const types[] = { "default", "sender", "recipient", "bcc", 0 };

static bool is_one_of(const char *word, const char *const *words)
{
  for (; *words; words++)
    if (!strcmp(word, *words)) return true;
  return false;
}

static const char *get(const text *fields, const char *key, const char *otherwise)
{
  const char *value = record_get(fields, key);
  return *value ? value : otherwise;
}

static bool has_space(const char *string) { return string[strcspn(string, " \t")] != 0; }

static bool has_subject(const char *type) { return !strcmp(type, "sender") || !strcmp(type, "recipient"); }

/* Mail for everybody is the subject of the other types: "*" may be written. */
static bool check_subject(const char *type, const char *subject, text *folded, text *error)
{
  if (!has_subject(type)) {
    if (*subject && strcmp(subject, "*")) text_add_format(error, "a rule of type %s has no subject but *", type);
  } else if (!*subject)
    text_add_format(error, "a rule of type %s needs a subject: ADDRESS, DOMAIN or .DOMAIN", type);
  else if (!control_subject(subject, folded))
    text_add_format(error, "the subject is ADDRESS, DOMAIN or .DOMAIN, not %s", subject);
  return !error->len;
}

static const char *check(const text *fields, uint64_t *port, text *error)
{
  const char *tls = get(fields, "tls", "verify"), *enabled = get(fields, "enabled", "yes");
  const char *host = record_get(fields, "host"), *login = record_get(fields, "login"), *type = get(fields, "type", "default");

  if (!is_one_of(type, types))
    text_add_format(error, "type is default, sender, recipient or bcc, not %s", type);
  else if (!*host || has_space(host)) {
    text_add_format(error, "host is missing, or is no host name");
    return "host";
  } else if (!is_one_of(tls, tls_words)) {
    text_add_format(error, "tls is may, encrypt, verify, tls or off, not %s", tls);
    return "tls";
  } else if (!number_scan(get(fields, "port", strcmp(tls, "tls") ? "25" : "465"), 65535, port) || !*port) {
    text_add_format(error, "port is a number from 1 to 65535, not %s", record_get(fields, "port"));
    return "port";
  } else if (strcmp(enabled, "yes") && strcmp(enabled, "no")) {
    text_add_format(error, "enabled is yes or no, not %s", enabled);
    return "enabled";
  } else if (!*login != !*record_get(fields, "password")) {
    text_add_format(error, "login and password go together; one of them is missing");
    return *login ? "login" : "password";
  } else if (*login && (!strcmp(tls, "may") || !strcmp(tls, "off"))) {
    text_add_format(error, "tls: %s would send the password in the clear; write encrypt, verify or tls", tls);
    return "tls";
  }
  return "type";
}

static void format_rule(text *record, const char *name, const char *path, const text *fields, const char *subject, uint64_t port)
{
  text_clear(record);
  record_add(record, "rule", name);
  record_add(record, "file", path);
  record_add(record, "type", get(fields, "type", "default"));
  record_add(record, "subject", *subject ? subject : "*");
  record_add(record, "host", record_get(fields, "host"));
  record_add_number(record, "port", port);
  record_add(record, "tls", get(fields, "tls", "verify"));
  record_add(record, "auth", *record_get(fields, "login") ? "yes" : "no");
}

/* Two rules for one subject: which would it be? */
static bool add_rule(struct table *policy, const char *type, const char *subject, const text *record, text *error)
{
  text whole = TEXT_ZERO, other = TEXT_ZERO;

  text_add(&whole, type);
  if (*subject) text_add_format(&whole, ":%s", subject);
  bool is_new = table_add(policy, "relay", text_string(&whole), record);
  if (!is_new && table_find(policy, "relay", whole.s, &other))
    text_add_format(error, "%s is the %s rule%s%s already; disable or remove one", record_get(&other, "file"), type,
                    *subject ? " of " : "", subject);
  text_free(&whole);
  return is_new;
}

bool relayrule_parse(struct table *policy, struct table *relay, const char *name, const char *path, const text *fields,
                     const char **key, text *error)
{
  const char *type = get(fields, "type", "default"), *login = record_get(fields, "login");
  text subject = TEXT_ZERO, record = TEXT_ZERO;
  uint64_t port = 0;

  *key = check(fields, &port, error);
  if (!error->len) {
    *key = "subject";
    check_subject(type, record_get(fields, "subject"), &subject, error);
  }
  if (!error->len && strcmp(get(fields, "enabled", "yes"), "no")) {
    *key = has_subject(type) ? "subject" : "type";
    format_rule(&record, name, path, fields, text_string(&subject), port);
    if (add_rule(policy, type, subject.s, &record, error) && *login) {
      text_clear(&record);
      record_add(&record, "login", login);
      record_add(&record, "password", record_get(fields, "password"));
      table_add(relay, "rule", name, &record);
    }
  }
  text_string(error);
  text_wipe(&record);
  text_free(&subject);
  return !error->len;
}

struct reading {
  struct table *policy, *relay;
};

static void read_rule(void *to, const char *path, const char *name)
{
  struct reading *reading = to;
  text fields = TEXT_ZERO, error = TEXT_ZERO;
  const char *key = "";

  control_fields(path, known, &fields);
  if (!relayrule_parse(reading->policy, reading->relay, name, path, &fields, &key, &error))
    control_refuse(path, key, record_get(&fields, key), error.s);
  text_wipe(&fields);
  text_free(&error);
}

void relayrules_read(struct table *policy, struct table *relay)
{
  struct reading reading = { policy, relay };
  control_folder("relayrules", read_rule, &reading);
}
