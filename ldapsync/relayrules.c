#include <errno.h>
#include <string.h>

#include "ldapsync/relayrules.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"

static const char *const known[] = { "type", "host", "port", "tls", "login", "password", "enabled", 0 };
static const char *const tls_words[] = { "may", "encrypt", "verify", "tls", "off", 0 };

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

static bool check(const char *path, const text *fields, uint64_t *port, text *error)
{
  const char *tls = get(fields, "tls", "verify"), *enabled = get(fields, "enabled", "yes");
  const char *host = record_get(fields, "host"), *login = record_get(fields, "login"), *type = get(fields, "type", "default");

  if (strcmp(type, "default"))
    text_add_format(error, "%s: type is default, not %s", path, type);
  else if (!*host || has_space(host))
    text_add_format(error, "%s: host is missing, or is no host name", path);
  else if (!is_one_of(tls, tls_words))
    text_add_format(error, "%s: tls is may, encrypt, verify, tls or off, not %s", path, tls);
  else if (!number_scan(get(fields, "port", strcmp(tls, "tls") ? "25" : "465"), 65535, port) || !*port)
    text_add_format(error, "%s: port is a number from 1 to 65535, not %s", path, record_get(fields, "port"));
  else if (strcmp(enabled, "yes") && strcmp(enabled, "no"))
    text_add_format(error, "%s: enabled is yes or no, not %s", path, enabled);
  else if (!*login != !*record_get(fields, "password"))
    text_add_format(error, "%s: login and password go together; one of them is missing", path);
  else if (*login && (!strcmp(tls, "may") || !strcmp(tls, "off")))
    text_add_format(error, "%s: tls: %s would send the password in the clear; write encrypt, verify or tls", path, tls);
  text_string(error);
  return !error->len;
}

bool relayrule_parse(struct relayrule *rule, const char *name, const char *path, const text *fields, text *error)
{
  uint64_t port = 0;

  text_clear(error);
  if (!check(path, fields, &port, error)) return false;
  if (!strcmp(get(fields, "enabled", "yes"), "no")) return true;
  if (rule->is_there) {
    text_add_format(error, "%s: control/relayrules/%s is the default rule already; disable or remove one", path, rule->name.s);
    text_string(error);
    return false;
  }
  rule->is_there = true;
  text_copy(&rule->name, name);
  text_string(&rule->name);
  record_add(&rule->policy, "rule", name);
  record_add(&rule->policy, "file", path);
  record_add(&rule->policy, "host", record_get(fields, "host"));
  record_add_number(&rule->policy, "port", port);
  record_add(&rule->policy, "tls", get(fields, "tls", "verify"));
  bool has_login = *record_get(fields, "login") != 0;
  record_add(&rule->policy, "auth", has_login ? "yes" : "no");
  if (has_login) {
    record_add(&rule->login, "login", record_get(fields, "login"));
    record_add(&rule->login, "password", record_get(fields, "password"));
  }
  return true;
}

void relayrules_read(struct relayrule *rule)
{
  text names = TEXT_ZERO, path = TEXT_ZERO, fields = TEXT_ZERO, error = TEXT_ZERO;

  if (!folder_names("control/relayrules", 0, &names) && errno != ENOENT) die_unable("read the folder control/relayrules");
  for (size_t at = 0; at < names.len; at += strlen(names.s + at) + 1) {
    text_clear(&path);
    text_add_format(&path, "control/relayrules/%s", names.s + at);
    bool read = conf_fields(text_string(&path), known, &fields, &error);
    if (!read && !error.len) die_unable("read ", path.s);
    if (!read || !relayrule_parse(rule, names.s + at, path.s, &fields, &error)) die_permanent(error.s);
  }
  text_free(&names);
  text_free(&path);
  text_free(&fields);
  text_free(&error);
}
