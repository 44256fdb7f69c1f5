#include <arpa/inet.h>
#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/hosts.h"
#include "ldapsync/pins.h"
#include "ldapsync/relayrules.h"
#include "lib/conf.h"
#include "lib/die.h"

static const char *const known[] = { "type", "subject", "host", "port", "protocol", "tls", "login", "password", "tokenfile", "tokencommand", "fingerprint", "source", "certificate", "enabled", 0 };
static const char *const tls_words[] = { "may", "encrypt", "verify", "tls", "off", "fingerprint", "dane", 0 };
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

static bool has_subject(const char *type) { return !strcmp(type, "sender") || !strcmp(type, "recipient"); }

/* Mail for everybody is the subject of the other types: "*" may be written. */
static bool check_subject(const char *type, const char *subject, text *folded, text *error)
{
  if (!has_subject(type)) {
    if (*subject && strcmp(subject, "*")) text_add_format(error, "a rule of type %s has no subject but *", type);
  } else if (!*subject)
    text_add_format(error, "a rule of type %s needs a subject: ADDRESS, DOMAIN or .DOMAIN", type);
  else if (!strcmp(type, "sender") && !strcmp(subject, "<>")) /* the null sender: reports */
    text_copy(folded, subject);
  else if (!control_subject(subject, folded))
    text_add_format(error, "the subject is ADDRESS, DOMAIN or .DOMAIN, not %s", subject);
  return !error->len;
}

static const char *check(const text *fields, uint64_t *port, text *error)
{
  const char *tls = get(fields, "tls", "verify"), *enabled = get(fields, "enabled", "yes");
  const char *login = record_get(fields, "login"), *type = get(fields, "type", "default");
  const char *password = record_get(fields, "password"), *token = record_get(fields, "tokenfile"), *command = record_get(fields, "tokencommand");
  const char *secret = *password ? password : *token ? token : command;

  const char *protocol = get(fields, "protocol", "smtp");
  const char *certificate = get(fields, "certificate", "no");
  bool is_lmtp = !strcmp(protocol, "lmtp"), is_open = !strcmp(tls, "may") || !strcmp(tls, "off");

  if (!is_one_of(type, types))
    text_add_format(error, "type is default, sender, recipient or bcc, not %s", type);
  else if (!is_one_of(tls, tls_words)) {
    text_add_format(error, "tls is may, encrypt, verify, fingerprint, dane, tls or off, not %s", tls);
    return "tls";
  } else if (strcmp(protocol, "smtp") && !is_lmtp) {
    text_add_format(error, "protocol is smtp or lmtp, not %s", protocol);
    return "protocol";
  } else if (!number_scan(get(fields, "port", is_lmtp ? "24" : strcmp(tls, "tls") ? "25" : "465"), 65535, port) || !*port) {
    text_add_format(error, "port is a number from 1 to 65535, not %s", record_get(fields, "port"));
    return "port";
  } else if (strcmp(enabled, "yes") && strcmp(enabled, "no")) {
    text_add_format(error, "enabled is yes or no, not %s", enabled);
    return "enabled";
  } else if (strcmp(certificate, "yes") && strcmp(certificate, "no")) {
    text_add_format(error, "certificate is yes or no, not %s", certificate);
    return "certificate";
  } else if (!strcmp(certificate, "yes") && is_open) {
    text_add_format(error, "tls: %s may end in the clear, where no certificate is shown; write encrypt, verify, fingerprint, dane or tls", tls);
    return "tls";
  } else if ((*password != 0) + (*token != 0) + (*command != 0) > 1) {
    text_add_format(error, "a login has a password or a token, not both");
    return *token ? "tokenfile" : "tokencommand";
  } else if (!*login != !*secret) {
    text_add_format(error, "login and password (or tokenfile, or tokencommand) go together; one of them is missing");
    return *login ? "login" : *token ? "tokenfile" : *command ? "tokencommand" : "password";
  } else if (*token && (strncmp(token, "control/", 8) || strstr(token, ".."))) {
    text_add_format(error, "tokenfile is a file below control/, not %s", token);
    return "tokenfile";
  } else if (*command && *command != '/') {
    text_add_format(error, "tokencommand is the path of a program, and what it is given: /PATH WORD..., not %s", command);
    return "tokencommand";
  } else if (*login && is_open) {
    text_add_format(error, "tls: %s would send the password in the clear; write encrypt, verify, fingerprint, dane or tls", tls);
    return "tls";
  }
  return "type";
}

/* One address of each kind at most. */
static bool add_sources(const text *fields, text *facts, text *error)
{
  unsigned char bytes[16];
  size_t at = 0, v4 = 0, v6 = 0;

  for (const char *value; !error->len && (value = record_next(fields, "source", &at));)
    if (inet_pton(AF_INET, value, bytes) == 1 ? ++v4 > 1 : inet_pton(AF_INET6, value, bytes) == 1 ? ++v6 > 1 : true)
      text_add_format(error, "source is one IPv4 address, one IPv6 address, or both; %s is one too many, or none", value);
    else
      record_add(facts, "source", value);
  return !error->len;
}

/* What only smtp-send has to know. */
static const char *add_facts(const text *fields, text *facts, text *error)
{
  const char *login = record_get(fields, "login");

  if (record_is(fields, "protocol", "lmtp")) record_add(facts, "protocol", "lmtp");
  if (*login) {
    record_add(facts, "login", login);
    if (*record_get(fields, "password")) record_add(facts, "password", record_get(fields, "password"));
    if (*record_get(fields, "tokenfile")) record_add(facts, "tokenfile", record_get(fields, "tokenfile"));
    if (*record_get(fields, "tokencommand")) record_add(facts, "tokencommand", "yes"); /* which one, only token-run has to know */
  }
  if (record_is(fields, "certificate", "yes")) record_add(facts, "certificate", "yes");
  if (!pins_add(fields, get(fields, "tls", "verify"), facts, error)) return record_find(fields, "fingerprint") ? "fingerprint" : "tls";
  add_sources(fields, facts, error);
  return "source";
}

/* For token-run: the words of its command. */
static void add_command(struct table *token, const char *name, const text *fields)
{
  const char *at = record_get(fields, "tokencommand");
  text record = TEXT_ZERO;

  for (size_t length; *(at += strspn(at, " \t")); at += length) {
    length = strcspn(at, " \t");
    record_add_bytes(&record, record.len ? "argument" : "command", at, length);
  }
  if (record.len) table_add(token, "rule", name, &record);
  text_wipe(&record);
}

static void format_rule(text *record, const char *name, const char *path, const text *fields, const char *subject, const text *hosts)
{
  text_clear(record);
  record_add(record, "rule", name);
  record_add(record, "file", path);
  record_add(record, "type", get(fields, "type", "default"));
  record_add(record, "subject", *subject ? subject : "*");
  text_add_text(record, hosts);
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

bool relayrule_parse(struct table *policy, struct table *relay, struct table *token, const char *name, const char *path,
                     const text *fields, const char **key, text *error)
{
  const char *type = get(fields, "type", "default");
  text subject = TEXT_ZERO, record = TEXT_ZERO, facts = TEXT_ZERO, hosts = TEXT_ZERO;
  uint64_t port = 0;

  *key = check(fields, &port, error);
  if (!error->len && !hosts_add(record_get(fields, "host"), port, "host", &hosts, error)) *key = "host";
  if (!error->len) {
    *key = "subject";
    check_subject(type, record_get(fields, "subject"), &subject, error);
  }
  if (!error->len) *key = add_facts(fields, &facts, error);
  if (!error->len && strcmp(get(fields, "enabled", "yes"), "no")) {
    *key = has_subject(type) ? "subject" : "type";
    format_rule(&record, name, path, fields, text_string(&subject), &hosts);
    if (add_rule(policy, type, subject.s, &record, error)) {
      if (facts.len) text_add_text(&facts, &hosts); /* whom alone its login is for */
      if (facts.len) table_add(relay, "rule", name, &facts);
      add_command(token, name, fields);
    }
  }
  text_string(error);
  text_free(&record);
  text_wipe(&facts);
  text_free(&subject);
  text_free(&hosts);
  return !error->len;
}

struct reading {
  struct table *policy, *relay, *token;
  const char *without; /* a rule that is not read; 0: all are */
};

static void read_rule(void *to, const char *path, const char *name)
{
  struct reading *reading = to;
  text fields = TEXT_ZERO, error = TEXT_ZERO;
  const char *key = "";

  if (reading->without && !strcmp(name, reading->without)) return;
  control_fields(path, known, &fields);
  if (!relayrule_parse(reading->policy, reading->relay, reading->token, name, path, &fields, &key, &error))
    control_refuse(path, key, record_get(&fields, key), error.s);
  text_wipe(&fields);
  text_free(&error);
}

void relayrules_read(struct table *policy, struct table *relay, struct table *token)
{
  struct reading reading = { policy, relay, token, 0 };
  control_folder("relayrules", read_rule, &reading);
}

void relayrules_check(const char *name, const text *bytes)
{
  struct table policy = TABLE_ZERO, relay = TABLE_ZERO, token = TABLE_ZERO;
  struct reading reading = { &policy, &relay, &token, name };
  text path = TEXT_ZERO, fields = TEXT_ZERO, error = TEXT_ZERO;
  const char *key = "";

  control_folder("relayrules", read_rule, &reading);
  text_add_format(&path, "control/relayrules/%s", name);
  text_string(&path);
  if (!conf_fields_parse(path.s, bytes->s, bytes->len, known, &fields, &error)) die_permanent(error.s);
  if (!relayrule_parse(&policy, &relay, &token, name, path.s, &fields, &key, &error)) die_permanent(path.s, ": ", error.s);
  table_free(&policy), table_free(&relay), table_free(&token);
  text_wipe(&fields);
  text_free(&path);
}
