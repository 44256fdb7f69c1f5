#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/buffer.h>

#include "admin/dkim_records.h"
#include "admin/listing.h"
#include "admin/mxhosts.h"
#include "lib/address.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/json.h"

static int compare(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void say_sorted(const text *lines)
{
  size_t count = 0;

  for (size_t at = 0; at < lines->len; at++) count += !lines->s[at];
  const char **sorted = calloc(count + 1, sizeof *sorted);
  if (!sorted) die_nomem();
  count = 0;
  for (size_t at = 0; at < lines->len; at += strlen(lines->s + at) + 1) sorted[count++] = lines->s + at;
  qsort(sorted, count, sizeof *sorted, compare);
  for (size_t i = 0; i < count; i++)
    if (buffer_puts(buffer_1, sorted[i]) == -1 || buffer_put(buffer_1, "\n", 1) == -1) die_unable("write to fd 1");
  if (!buffer_flush(buffer_1)) die_unable("write to fd 1");
  free(sorted);
}

void listing_run(const char *kind, bool is_json, listing_line *format)
{
  struct listing l = { .tables = TABLES_ZERO, .lines = TEXT_ZERO, .is_json = is_json };
  text key = TEXT_ZERO, record = TEXT_ZERO, line = TEXT_ZERO;
  size_t length = strlen(kind);
  uint64_t at = 0;
  enum lookup_result result;

  if (!tables_open(&l.tables, "policy")) {
    if (errno == ENOENT) return;
    die_unable("open tables/current/policy.cdb");
  }
  while ((result = tables_walk(&l.tables, &at, &key, &record)) == LOOKUP_FOUND) {
    if (key.len <= length || memcmp(key.s, kind, length) || key.s[length] != ':' || !record_check(&record)) continue;
    text_clear(&line);
    format(&l, text_string(&key) + length + 1, &record, &line);
    if (line.len) text_add_bytes(&l.lines, text_string(&line), line.len + 1);
  }
  if (result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  say_sorted(&l.lines);
  tables_close(&l.tables);
  text_free(&l.lines);
  text_free(&key);
  text_free(&record);
  text_free(&line);
}

const char *listing_public_name(const text *record)
{
  const char *path = record_get(record, "path"), *slash = strchr(path, '/');
  return slash ? slash + 1 : path;
}

/* A mailbox's or group's name as an operator writes it. */
static void add_target(struct listing *l, const char *kind, const char *key, text *target)
{
  text record = TEXT_ZERO;

  bool is_there = tables_find(&l->tables, kind, key, &record) == LOOKUP_FOUND;
  if (is_there && record_is(&record, "kind", "public"))
    text_add_format(target, "public:%s", listing_public_name(&record));
  else if (is_there && *record_get(&record, "name"))
    text_add_format(target, "%s%s", strcmp(kind, "group") ? "" : "group:", record_get(&record, "name"));
  else
    text_add_format(target, "%s:%s", kind, key);
  text_string(target);
  text_free(&record);
}

/* Each value of mailbox=, group= and forward=, in the order of the record: " NAME NAME", or ["NAME","NAME"]. */
static void add_targets(struct listing *l, const text *record, text *line)
{
  size_t at = 0, length;
  bool is_first = true;

  if (l->is_json) text_add_char(line, '[');
  for (const char *one; (one = record_walk(record, &at, &length));) {
    text target = TEXT_ZERO;
    const char *value = one + length + 1;
    if (length == 7 && !memcmp(one, "mailbox", 7))
      add_target(l, "mailbox", value, &target);
    else if (length == 5 && !memcmp(one, "group", 5))
      add_target(l, "group", value, &target);
    else if (length == 7 && !memcmp(one, "forward", 7))
      text_add(&target, value);
    if (target.len && l->is_json) {
      if (!is_first) text_add_char(line, ',');
      json_string(line, text_string(&target));
    } else if (target.len) {
      text_add_char(line, ' ');
      text_add_text(line, &target);
    }
    is_first = is_first && !target.len;
    text_free(&target);
  }
  if (l->is_json) text_add_char(line, ']');
}

/* All values of a key of the record, as an array. */
static void add_all(const text *record, const char *key, text *line)
{
  size_t at = 0;

  json_key(line, key);
  text_add_char(line, '[');
  for (const char *one; (one = record_next(record, key, &at));) {
    if (line->s[line->len - 1] != '[') text_add_char(line, ',');
    json_string(line, one);
  }
  text_add_char(line, ']');
}

static void add_from(const text *record, text *line) { add_all(record, "from", line); }

static void format_address(struct listing *l, const char *key, const text *record, text *line)
{
  bool is_internal = record_is(record, "internal", "yes");

  if (!l->is_json) {
    text_add_format(line, "%s %s%s", key, record_get(record, "kind"), is_internal ? " internal" : "");
    add_targets(l, record, line);
    return;
  }
  text_add_char(line, '{');
  json_pair(line, "address", key);
  json_pair(line, "kind", record_get(record, "kind"));
  json_key(line, "internal");
  text_add(line, is_internal ? "true" : "false");
  json_key(line, "to");
  add_targets(l, record, line);
  add_from(record, line);
  text_add_char(line, '}');
}

/* Those that mailadm add alias makes. */
static void format_alias(struct listing *l, const char *key, const text *record, text *line)
{
  if (!strncmp(record_get(record, "from"), "control/addresses/", strlen("control/addresses/"))) format_address(l, key, record, line);
}

static void format_group(struct listing *l, const char *key, const text *record, text *line)
{
  const char *name = *record_get(record, "name") ? record_get(record, "name") : key;

  if (!l->is_json) {
    text_add(line, name);
    add_targets(l, record, line);
    return;
  }
  text_add_char(line, '{');
  json_pair(line, "group", name);
  json_pair(line, "key", key);
  json_key(line, "members");
  add_targets(l, record, line);
  add_from(record, line);
  text_add_char(line, '}');
}

/* The name alone; in JSON with all settings. */
static void format_domain(struct listing *l, const char *key, const text *record, text *line)
{
  size_t at = 0, length;

  if (!l->is_json) {
    text_add(line, key);
    return;
  }
  text_add_char(line, '{');
  json_pair(line, "domain", key);
  for (const char *one; (one = record_walk(record, &at, &length));) {
    text name = TEXT_ZERO;
    text_add_bytes(&name, one, length);
    if (strcmp(text_string(&name), "fingerprint")) json_pair(line, name.s, one + length + 1);
    text_free(&name);
  }
  if (record_find(record, "fingerprint")) add_all(record, "fingerprint", line);
  text_add_char(line, '}');
}

static void format_account(struct listing *l, const char *key, const text *record, text *line)
{
  (void)key;
  bool is_public = record_is(record, "kind", "public");
  const char *name = is_public ? listing_public_name(record) : record_get(record, "name");

  if (!l->is_json) {
    text_add_format(line, "%s%s", is_public ? "public:" : "", name);
    return;
  }
  text_add_char(line, '{');
  json_pair(line, is_public ? "public" : "account", name);
  json_pair(line, "path", record_get(record, "path"));
  json_pair(line, "uid", record_get(record, "uid"));
  add_from(record, line);
  text_add_char(line, '}');
}

/* N-24b: the keys that sign its mail. */
static void add_keys(struct listing *l, const char *domain, text *line)
{
  text records = TEXT_ZERO;
  size_t at = 0;

  dkim_records_read(domain, &records);
  for (const char *name; (name = record_next(&records, "name", &at));) {
    const char *record = record_next(&records, "text", &at);
    if (!*record) continue;
    if (line->len) text_add_char(line, '\n');
    if (!l->is_json) {
      text_add_format(line, "%s. TXT %s", name, record);
      continue;
    }
    text_add_char(line, '{');
    json_pair(line, "domain", domain);
    json_pair(line, "type", "TXT");
    json_pair(line, "name", name);
    json_pair(line, "text", record);
    text_add_char(line, '}');
  }
  text_free(&records);
}

/* S-13: the entries that a domain needs in DNS, one for each host, and for each key. */
static void format_dns(struct listing *l, const char *key, const text *record, text *line)
{
  struct mx_host host = { .name = TEXT_ZERO };
  text lines = TEXT_ZERO;
  size_t at = 0;

  (void)record;
  mxhosts_read(&lines);
  while (mxhosts_next(&lines, &at, &host)) {
    if (line->len) text_add_char(line, '\n');
    if (!l->is_json) {
      text_add_format(line, "%s. MX %u %s.", key, (unsigned int)host.preference, host.name.s);
      continue;
    }
    text_add_char(line, '{');
    json_pair(line, "domain", key);
    json_pair(line, "type", "MX");
    json_key(line, "preference");
    text_add_format(line, "%u", (unsigned int)host.preference);
    json_pair(line, "host", host.name.s);
    text_add_char(line, '}');
  }
  add_keys(l, key, line);
  text_free(&lines);
  text_free(&host.name);
}

void listing_dns(const char *const *arguments, bool is_json)
{
  (void)arguments;
  listing_run("domain", is_json, format_dns);
}

void listing_addresses(const char *const *arguments, bool is_json)
{
  (void)arguments;
  listing_run("address", is_json, format_address);
}

void listing_aliases(const char *const *arguments, bool is_json)
{
  (void)arguments;
  listing_run("address", is_json, format_alias);
}

void listing_groups(const char *const *arguments, bool is_json)
{
  (void)arguments;
  listing_run("group", is_json, format_group);
}

void listing_domains(const char *const *arguments, bool is_json)
{
  (void)arguments;
  listing_run("domain", is_json, format_domain);
}

void listing_accounts(const char *const *arguments, bool is_json)
{
  (void)arguments;
  listing_run("mailbox", is_json, format_account);
}
