#include "admin/ldaptable.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/ldaptable_filter.h"
#include "lib/die.h"

static const struct {
  const char *word;
  enum ldaptable_role role;
} roles[] = {
  { "virtual_alias_maps", LDAPTABLE_ALIASES }, { "alias_maps", LDAPTABLE_ALIASES },
  { "virtual_mailbox_maps", LDAPTABLE_MAILBOXES }, { "local_recipient_maps", LDAPTABLE_MAILBOXES }, { "relay_recipient_maps", LDAPTABLE_MAILBOXES },
  { "smtpd_sender_login_maps", LDAPTABLE_SENDERS },
  { "virtual_mailbox_domains", LDAPTABLE_DOMAINS }, { "virtual_alias_domains", LDAPTABLE_DOMAINS }, { "relay_domains", LDAPTABLE_DOMAINS }, { "mydestination", LDAPTABLE_DOMAINS },
  { "check_sender_access", LDAPTABLE_REJECT },
  { "transport_maps", LDAPTABLE_OTHER }, { "sender_bcc_maps", LDAPTABLE_OTHER }, { "recipient_bcc_maps", LDAPTABLE_OTHER },
  { "sender_dependent_relayhost_maps", LDAPTABLE_OTHER }, { "canonical_maps", LDAPTABLE_OTHER }, { "sender_canonical_maps", LDAPTABLE_OTHER },
  { "recipient_canonical_maps", LDAPTABLE_OTHER }, { "check_recipient_access", LDAPTABLE_OTHER }, { "check_client_access", LDAPTABLE_OTHER },
};

enum ldaptable_role ldaptable_role(const char *word, size_t length)
{
  for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
    if (strlen(roles[i].word) == length && !memcmp(roles[i].word, word, length)) return roles[i].role;
  return LDAPTABLE_UNKNOWN;
}

const char *ldaptable_get(const struct ldaptable *t, const char *parameter) { return record_get(&t->parameters, parameter); }

void ldaptable_free(struct ldaptable *t)
{
  text_wipe(&t->parameters);
  text_free(&t->filter);
  text_free(&t->uses);
}

void ldaptable_note(struct ldaptable_result *r, const struct ldaptable *t, const char *format, ...)
{
  char *what = 0;
  va_list arguments;

  va_start(arguments, format);
  int length = vasprintf(&what, format, arguments);
  va_end(arguments);
  if (length == -1) die_nomem();
  text_add_format(&r->notes, "%s: %s", t->name, what);
  text_add_char(&r->notes, 0);
  free(what);
}

void ldaptable_result_free(struct ldaptable_result *r)
{
  text_free(&r->profile);
  text_free(&r->control);
  text_wipe(&r->secret);
  text_free(&r->ca);
  text_free(&r->notes);
}

/* Of two lines of a name the last one counts. */
static void set(text *record, const char *key, const char *value)
{
  text kept = TEXT_ZERO;
  size_t at = 0, length;

  for (const char *one; (one = record_walk(record, &at, &length));)
    if (length != strlen(key) || memcmp(one, key, length)) text_add_bytes(&kept, one, strlen(one) + 1);
  text_copy_bytes(record, kept.s, kept.len);
  text_wipe(&kept);
  record_add(record, key, value);
}

/* "name = value" */
static bool take_line(struct ldaptable *t, const text *line, size_t number, text *error)
{
  const char *sign = memchr(line->s, '=', line->len);
  text key = TEXT_ZERO, value = TEXT_ZERO;
  bool good = sign != 0;

  for (const char *c = line->s; good && c < sign; c++) {
    if (ascii_is_alpha(*c) || ascii_is_digit(*c) || *c == '_') text_add_char(&key, *c == '_' ? '-' : *c);
    good = ascii_is_alpha(*c) || ascii_is_digit(*c) || *c == '_' || ascii_is_space(*c);
  }
  text_lower(&key);
  if (good) {
    const char *end = line->s + line->len;
    for (sign++; sign < end && ascii_is_space(*sign); sign++) continue;
    while (end > sign && ascii_is_space(end[-1])) end--;
    text_add_bytes(&value, sign, (size_t)(end - sign));
  }
  good = good && key.len;
  if (good)
    set(&t->parameters, text_string(&key), text_string(&value));
  else
    text_add_format(error, "line %zu: not NAME = VALUE", number);
  text_string(error);
  text_free(&key);
  text_wipe(&value);
  return good;
}

/* postconf(5): a line that begins with white space continues the one before; comments and empty lines do not count. */
static bool take_lines(struct ldaptable *t, const char *bytes, size_t length, text *error)
{
  text line = TEXT_ZERO;
  size_t number = 0, first = 0;
  bool good = true;

  for (size_t at = 0; good && at < length;) {
    const char *start = bytes + at, *newline = memchr(start, '\n', length - at);
    size_t size = newline ? (size_t)(newline - start) : length - at, blank = 0;
    at += size + 1;
    number++;
    if (size && start[size - 1] == '\r') size--;
    while (blank < size && ascii_is_space(start[blank])) blank++;
    if (blank == size || start[blank] == '#') continue;
    if (!blank && line.len) {
      good = take_line(t, &line, first, error);
      text_clear(&line);
    }
    if (!line.len) first = number;
    text_add_bytes(&line, start, size);
  }
  if (good && line.len) good = take_line(t, &line, first, error);
  text_wipe(&line);
  return good;
}

/* Parameters of a source that stand in main.cf itself, behind its name: Postfix 2.0 had them so. */
static bool is_main_file(const struct ldaptable *t)
{
  static const char *const ends[] = { "-query-filter", "-search-base", "-server-host", 0 };
  size_t at = 0, length;

  for (const char *one; (one = record_walk(&t->parameters, &at, &length));)
    for (const char *const *end = ends; *end; end++)
      if (length > strlen(*end) && !memcmp(one + length - strlen(*end), *end, strlen(*end))) return true;
  return false;
}

bool ldaptable_parse(struct ldaptable *t, const char *name, const char *bytes, size_t length, text *error)
{
  text wrong = TEXT_ZERO;

  t->name = name;
  if (memchr(bytes, 0, length)) {
    text_copy(error, "a NUL in it");
    text_string(error);
    return false;
  }
  bool good = take_lines(t, bytes, length, error);
  if (good && is_main_file(t)) {
    text_add(error, "this is main.cf: write the parameters of each ldap: source into a file of its own, without the name in front (server_host = ..., query_filter = ...)");
    good = false;
  }
  if (good && !record_find(&t->parameters, "query-filter")) record_add(&t->parameters, "query-filter", "(mailacceptinggeneralid=%s)"); /* Postfix's defaults */
  if (good && !record_find(&t->parameters, "result-attribute")) record_add(&t->parameters, "result-attribute", "maildrop");
  if (good && !(good = ldaptable_filter(ldaptable_get(t, "query-filter"), &t->filter, &t->uses, &wrong)))
    text_add_format(error, "query_filter: %s", wrong.s);
  text_string(error);
  text_free(&wrong);
  return good;
}

static bool has(const char *string, const char *part) { return strstr(string, part) != 0; }

enum ldaptable_role ldaptable_guess(const struct ldaptable *t)
{
  const char *slash = strrchr(t->name, '/');
  text lower = TEXT_ZERO;
  enum ldaptable_role role = LDAPTABLE_UNKNOWN;

  text_add(&lower, slash ? slash + 1 : t->name);
  text_lower(&lower);
  const char *name = text_string(&lower);
  if (has(name, "bcc") || has(name, "transport") || has(name, "relayhost") || has(name, "canonical")) role = LDAPTABLE_OTHER;
  else if (has(name, "reject") || has(name, "sender_access") || has(name, "disabled")) role = LDAPTABLE_REJECT;
  else if (has(name, "login") || has(name, "sender")) role = LDAPTABLE_SENDERS;
  else if (has(name, "domain") || has(name, "destination")) role = LDAPTABLE_DOMAINS;
  else if (has(name, "alias") || has(name, "forward") || has(name, "group") || has(name, "list") || has(name, "catch")) role = LDAPTABLE_ALIASES;
  else if (has(name, "mailbox") || has(name, "recipient") || has(name, "user") || has(name, "account")) role = LDAPTABLE_MAILBOXES;
  else if (*ldaptable_get(t, "special-result-attribute")) role = LDAPTABLE_ALIASES;
  text_free(&lower);
  return role;
}
