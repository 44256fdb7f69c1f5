#include "admin/import_parse.h"

#include <string.h>

#include "lib/address.h"
#include "lib/conf.h"
#include "lib/scramkeys.h"

static bool wrong(text *error, const char *what)
{
  text_copy(error, what);
  text_string(error);
  return false;
}

static void add_line(const text *bytes, size_t *at, size_t *lines, text *line)
{
  const char *start = bytes->s + *at, *newline = memchr(start, '\n', bytes->len - *at);
  size_t length = newline ? (size_t)(newline - start) : bytes->len - *at;

  *at += length + (newline != 0);
  ++*lines;
  if (length && start[length - 1] == '\r') length--;
  text_add_bytes(line, start, length);
}

static bool is_nothing(const text *line)
{
  size_t at = 0;

  while (at < line->len && ascii_is_space(line->s[at])) at++;
  return at == line->len || line->s[at] == '#';
}

/* postconf(5): comments and empty lines between a line and what continues it do not count. */
static void add_continued(const text *bytes, size_t *at, size_t *lines, text *line)
{
  text more = TEXT_ZERO;

  while (*at < bytes->len) {
    size_t next = *at, count = *lines;
    text_clear(&more);
    add_line(bytes, &next, &count, &more);
    bool is_empty = is_nothing(&more);
    if (!is_empty && !ascii_is_space(*more.s)) break;
    if (!is_empty) text_add_text(line, &more);
    *at = next;
    *lines = count;
  }
  text_free(&more);
}

bool import_next(const text *bytes, enum import_kind kind, size_t *at, size_t *lines, size_t *number, text *line)
{
  text_clear(line);
  while (*at < bytes->len && !line->len) {
    *number = *lines + 1;
    add_line(bytes, at, lines, line);
    if (is_nothing(line)) text_clear(line);
  }
  if (line->len && kind != IMPORT_USERS && kind != IMPORT_PASSWD) add_continued(bytes, at, lines, line);
  text_string(line);
  return line->len != 0;
}

/* The next word: between white space, or white space and commas; a quoted one with what is in it. */
static bool next_word(const char **at, bool has_commas, text *word)
{
  bool is_quoted = false;

  while (ascii_is_space(**at) || (has_commas && **at == ',')) ++*at;
  text_clear(word);
  for (; **at && (is_quoted || (!ascii_is_space(**at) && !(has_commas && **at == ','))); ++*at) {
    if (**at == '"') is_quoted = !is_quoted;
    text_add_char(word, **at);
  }
  text_string(word);
  return word->len != 0;
}

static bool add_address(text *record, const char *key, const char *value, text *error)
{
  struct address a = ADDRESS_ZERO;
  bool good = address_parse(&a, value, strlen(value)) == ADDRESS_FULL && !a.is_literal;

  if (good) record_add(record, key, a.folded.s);
  address_free(&a);
  return good || wrong(error, "not an address like user@example.org");
}

static bool add_domain(text *record, const char *key, const char *value, text *error)
{
  text domain = TEXT_ZERO;
  bool good = domain_fold(value, strlen(value), &domain) && strchr(text_string(&domain), '.');

  if (good) record_add(record, key, domain.s);
  text_free(&domain);
  return good || wrong(error, "not a domain");
}

/* What an address of ours cannot do is not passed over in silence. */
static bool add_destination(text *record, const char *value, text *error)
{
  if (*value == '|' || !strncmp(value, "\"|", 2)) return wrong(error, "leads to a command: no address of ours starts one");
  if (*value == '/' || !strncmp(value, "\"/", 2)) return wrong(error, "leads to a file: no address of ours writes one");
  if (!strncmp(value, ":include:", 9)) return wrong(error, "includes another file: write its destinations here");
  if (*value == '@') return wrong(error, "leads to the same name in another domain: make that domain an alias (control/domains/NAME, alias:)");
  if (*value == '\\') value++;
  if (strchr(value, '@')) return add_address(record, "to", value, error);
  if (!*value || strpbrk(value, ":\"")) return wrong(error, "not a destination");
  record_add(record, "to", value);
  return true;
}

static bool add_destinations(text *record, const char *at, text *error)
{
  text word = TEXT_ZERO;
  bool good = true;

  while (good && next_word(&at, true, &word)) good = add_destination(record, word.s, error);
  text_free(&word);
  if (good && !record_find(record, "to")) return wrong(error, "it leads nowhere");
  return good;
}

static bool parse_virtual(const char *at, text *record, text *error)
{
  text word = TEXT_ZERO;
  bool good;

  next_word(&at, false, &word);
  if (*word.s == '@')
    good = add_domain(record, "catchall", word.s + 1, error) && add_destinations(record, at, error);
  else if (strchr(word.s, '@'))
    good = add_address(record, "address", word.s, error) && add_destinations(record, at, error);
  else
    good = strchr(word.s, '.') ? add_domain(record, "domain", word.s, error) : wrong(error, "has no domain: write NAME@DOMAIN");
  text_free(&word);
  return good;
}

static bool parse_aliases(const char *line, text *record, text *error)
{
  const char *colon = strchr(line, ':');
  text name = TEXT_ZERO;

  while (ascii_is_space(*line)) line++;
  if (!colon) return wrong(error, "not NAME: DESTINATION, ...");
  text_copy_bytes(&name, line, (size_t)(colon - line));
  while (name.len && ascii_is_space(name.s[name.len - 1])) name.len--;
  text_lower(&name);
  bool good = name.len && !strpbrk(text_string(&name), "@/\" \t");
  if (good) record_add(record, "name", name.s);
  text_free(&name);
  return good ? add_destinations(record, colon + 1, error) : wrong(error, "not a name in front of the colon");
}

static bool is_clear(const char *stored, const char **password)
{
  static const char *const words[] = { "{PLAIN}", "{CLEAR}", "{CLEARTEXT}", 0 };

  for (const char *const *word = words; *word; word++)
    if (strlen(stored) >= strlen(*word) && bytes_are_nocase(stored, *word, strlen(*word))) {
      *password = stored + strlen(*word);
      return true;
    }
  return false;
}

/* Without a scheme it is CRYPT, as Dovecot has it in these files. */
static bool add_password(text *record, const char *stored, text *error)
{
  text whole = TEXT_ZERO;
  const char *clear = 0;

  if (!*stored) return true;
  if (is_clear(stored, &clear)) {
    if (!*clear) return wrong(error, "its password is empty");
    record_add(record, "clear", clear);
    return true;
  }
  if (*stored != '{' && strncmp(stored, "SCRAM-", 6)) text_add(&whole, "{CRYPT}");
  text_add(&whole, stored);
  bool is_hash = *stored == '{' || !strncmp(stored, "SCRAM-", 6) || *stored == '$' || *stored == '!' || *stored == '*' || strlen(stored) == 13;
  bool good = is_hash && scramkeys_may_store(text_string(&whole));
  if (good) record_add(record, "password", whole.s);
  text_free(&whole);
  return good || wrong(error, "its password is of a scheme that cannot be checked here");
}

/* "userdb_quota_rule=*:storage=1G" */
static bool add_quota(text *record, const char *extra, text *error)
{
  static const char rule[] = "userdb_quota_rule=*:storage=";
  const char *found = strstr(extra, rule);
  uint64_t bytes = 0;

  if (!found) return true;
  found += strlen(rule);
  size_t length = strcspn(found, " \t:");
  if (!conf_size_parse(found, length, &bytes)) return wrong(error, "its quota is not a number, or one with K, M or G");
  record_add_number(record, "quota", bytes);
  return true;
}

/* The n-th field of the line, the first being 0; the rest of the line if is_rest. */
static const char *field(const text *line, unsigned int n, bool is_rest, text *value)
{
  const char *at = line->s;

  text_clear(value);
  for (; n && at; n--) {
    at = strchr(at, ':');
    if (at) at++;
  }
  if (at) text_add_bytes(value, at, is_rest ? strlen(at) : strcspn(at, ":"));
  return text_string(value);
}

static bool parse_user(const text *line, text *record, text *error)
{
  text value = TEXT_ZERO;
  bool good = add_address(record, "address", field(line, 0, false, &value), error) && add_password(record, field(line, 1, false, &value), error) &&
              add_quota(record, field(line, 7, true, &value), error);

  text_wipe(&value);
  return good;
}

static bool parse_passwd(const text *line, text *record, text *error)
{
  text value = TEXT_ZERO;
  uint64_t uid;
  const char *name = field(line, 0, false, &value);
  bool good = *name && !strpbrk(name, "@/ \"");

  if (good) record_add(record, "name", name);
  good = good && number_scan(field(line, 2, false, &value), UINT32_MAX, &uid);
  if (good) record_add_number(record, "uid", uid);
  if (good) record_add(record, "shell", field(line, 6, true, &value));
  text_free(&value);
  return good || wrong(error, "not a line of passwd(5)");
}

bool import_parse(enum import_kind kind, const text *line, text *record, text *error)
{
  const char *at = line->s;
  text word = TEXT_ZERO;
  bool good = false;

  text_clear(record);
  text_clear(error);
  if (memchr(line->s, 0, line->len)) return wrong(error, "a NUL in it");
  switch (kind) {
  case IMPORT_USERS: return parse_user(line, record, error);
  case IMPORT_PASSWD: return parse_passwd(line, record, error);
  case IMPORT_VIRTUAL: return parse_virtual(at, record, error);
  case IMPORT_ALIASES: return parse_aliases(at, record, error);
  case IMPORT_DOMAINS:
    next_word(&at, false, &word);
    good = add_domain(record, "domain", word.s, error);
    break;
  case IMPORT_MAILBOXES:
    next_word(&at, false, &word);
    good = *word.s == '@' ? wrong(error, "a mailbox for every name of a domain: write catchall: ADDRESS in control/domains/NAME") : add_address(record, "address", word.s, error);
    break;
  }
  text_free(&word);
  return good;
}
