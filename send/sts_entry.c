#include "send/sts_entry.h"

#include <string.h>

#include "lib/conf.h"

enum { AHEAD_SECONDS = 600 }; /* a time so far in the future is from a clock that went wrong */

static const char *const keys[] = { "domain", "id", "mode", "max-age", "mx", "fetched", "used", "failed", "failed-id", "failure", "reason", 0 };

void send_sts_entry_free(struct sts_entry *e)
{
  send_sts_policy_free(&e->policy);
  text_free(&e->failure);
  text_free(&e->reason);
  *e = (struct sts_entry)STS_ENTRY_ZERO;
}

static bool take_id(char *id, const char *value)
{
  size_t length = strlen(value);

  if (length > STS_ID_MAX) return false;
  memcpy(id, value, length + 1);
  return true;
}

static bool take_time(int64_t *at, const text *fields, const char *key)
{
  uint64_t number = 0;

  if (record_find(fields, key) && !record_number(fields, key, INT64_MAX / 2, &number)) return false;
  *at = (int64_t)number;
  return true;
}

static bool take_patterns(text *patterns, const text *fields)
{
  size_t at = 0;

  for (const char *pattern; (pattern = record_next(fields, "mx", &at));) {
    if (!send_sts_pattern_check(pattern)) return false;
    text_add_bytes(patterns, pattern, strlen(pattern) + 1);
  }
  return true;
}

static bool take_mode(struct sts_entry *e, const char *word)
{
  e->has_policy = true;
  for (enum sts_mode mode = STS_NONE; mode <= STS_ENFORCE; mode++)
    if (!strcmp(word, send_sts_mode_word(mode))) {
      e->policy.mode = mode;
      return true;
    }
  return false;
}

static bool take_fields(struct sts_entry *e, const text *fields)
{
  const char *mode = record_find(fields, "mode");

  if (mode && (!take_mode(e, mode) || !record_number(fields, "max-age", STS_MAX_AGE_MAX, &e->policy.max_age) ||
               !take_patterns(&e->policy.patterns, fields) || (e->policy.mode != STS_NONE && !e->policy.patterns.len)))
    return false;
  text_copy(&e->failure, record_get(fields, "failure"));
  text_copy(&e->reason, record_get(fields, "reason"));
  return take_time(&e->fetched, fields, "fetched") && take_time(&e->used, fields, "used") && take_time(&e->failed, fields, "failed") &&
         take_id(e->id, record_get(fields, "id")) && take_id(e->failed_id, record_get(fields, "failed-id"));
}

bool send_sts_entry_parse(struct sts_entry *e, const char *domain, const char *bytes, size_t length)
{
  text fields = TEXT_ZERO, error = TEXT_ZERO;

  send_sts_entry_free(e);
  bool good = conf_fields_parse(domain, bytes, length, keys, &fields, &error) && record_is(&fields, "domain", domain) && take_fields(e, &fields);
  if (!good) send_sts_entry_free(e);
  text_free(&fields);
  text_free(&error);
  return good;
}

static void add_word(text *bytes, const char *key, const char *value)
{
  if (*value) text_add_format(bytes, "%s: %s\n", key, value);
}

static void add_number(text *bytes, const char *key, uint64_t number)
{
  text_add_format(bytes, "%s: ", key);
  text_add_number(bytes, number);
  text_add_char(bytes, '\n');
}

/* A reason holds what another host, or libcurl, said. */
static void add_sentence(text *bytes, const char *key, const text *sentence)
{
  if (!sentence->len) return;
  text_add_format(bytes, "%s: ", key);
  for (size_t i = 0; i < sentence->len; i++) text_add_char(bytes, ascii_is_printable(sentence->s[i]) ? sentence->s[i] : '?');
  text_add_char(bytes, '\n');
}

void send_sts_entry_format(const struct sts_entry *e, const char *domain, text *bytes)
{
  const text *patterns = &e->policy.patterns;

  add_word(bytes, "domain", domain);
  if (e->has_policy) {
    add_word(bytes, "id", e->id);
    add_word(bytes, "mode", send_sts_mode_word(e->policy.mode));
    for (size_t at = 0; at < patterns->len; at += strlen(patterns->s + at) + 1) add_word(bytes, "mx", patterns->s + at);
    add_number(bytes, "max-age", e->policy.max_age);
    add_number(bytes, "fetched", (uint64_t)e->fetched);
  }
  add_number(bytes, "used", (uint64_t)e->used);
  if (!e->failed) return;
  add_number(bytes, "failed", (uint64_t)e->failed);
  add_word(bytes, "failed-id", e->failed_id);
  add_sentence(bytes, "failure", &e->failure);
  add_sentence(bytes, "reason", &e->reason);
}

/* Since then: 0 if that is in the future; a clock that was put back by much makes everything old. */
static int64_t age(int64_t then, int64_t now)
{
  if (then > now + AHEAD_SECONDS) return INT64_MAX;
  return then > now ? 0 : now - then;
}

bool send_sts_entry_is_valid(const struct sts_entry *e, int64_t now)
{
  return e->has_policy && (e->fetched > now ? 0 : now - e->fetched) < (int64_t)e->policy.max_age;
}

static bool has_just_failed(const struct sts_entry *e, const char *id, int64_t now)
{
  return e->failed && !strcmp(e->failed_id, id) && age(e->failed, now) < STS_RETRY_SECONDS;
}

/* A max_age of seconds is no reason to ask the other host for each message: what was fetched a moment ago is its policy. */
static bool is_fresh(const struct sts_entry *e, int64_t now)
{
  return e->has_policy && age(e->fetched, now) < STS_RETRY_SECONDS;
}

enum sts_step send_sts_entry_step(const struct sts_entry *e, enum sts_record_result record, const char *id, int64_t now)
{
  bool is_valid = send_sts_entry_is_valid(e, now);
  enum sts_step without = is_valid ? STS_STEP_USE : STS_STEP_NONE;

  if (record != STS_RECORD_FOUND) return without;
  if (e->has_policy && !strcmp(e->id, id) && (is_valid || is_fresh(e, now))) return STS_STEP_USE;
  return has_just_failed(e, id, now) ? without : STS_STEP_FETCH;
}

static int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }

bool send_sts_entry_is_due(const struct sts_entry *e, int64_t now)
{
  int64_t max_age = (int64_t)e->policy.max_age, again = less(3600, max_age / 8);

  if (!send_sts_entry_is_valid(e, now) || age(e->used, now) > STS_UNUSED_SECONDS) return false;
  if (age(e->fetched, now) < less(STS_REFRESH_SECONDS, max_age / 2) || age(e->fetched, now) < STS_RETRY_SECONDS) return false;
  return !e->failed || age(e->failed, now) >= (again > STS_RETRY_SECONDS ? again : STS_RETRY_SECONDS);
}

bool send_sts_entry_is_over(const struct sts_entry *e, int64_t now)
{
  return !send_sts_entry_is_valid(e, now) && !is_fresh(e, now) && (!e->failed || age(e->failed, now) >= STS_RETRY_SECONDS);
}

static void set_id(char *id, const char *value)
{
  size_t length = strlen(value);

  if (length > STS_ID_MAX) length = STS_ID_MAX;
  memmove(id, value, length);
  id[length] = 0;
}

void send_sts_entry_succeed(struct sts_entry *e, const struct sts_policy *p, const char *id, int64_t now)
{
  e->has_policy = true;
  e->policy.mode = p->mode;
  e->policy.max_age = p->max_age;
  text_clear(&e->policy.patterns);
  text_add_text(&e->policy.patterns, &p->patterns);
  set_id(e->id, id);
  e->fetched = now;
  e->failed = 0;
  *e->failed_id = 0;
  text_clear(&e->failure);
  text_clear(&e->reason);
}

void send_sts_entry_fail(struct sts_entry *e, const char *failure, const char *reason, const char *id, int64_t now)
{
  e->failed = now;
  set_id(e->failed_id, id);
  text_copy(&e->failure, failure);
  text_copy(&e->reason, reason);
}
