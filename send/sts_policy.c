#include "send/sts_policy.h"

#include <string.h>

#include "lib/dns.h"

enum { NAME_LENGTH_MAX = 32, MAX_AGE_DIGITS = 10 };

static const char *const modes[] = { [STS_NONE] = "none", [STS_TESTING] = "testing", [STS_ENFORCE] = "enforce" };

const char *send_sts_mode_word(enum sts_mode mode) { return modes[mode]; }

bool send_sts_pattern_check(const char *pattern)
{
  if (!strncmp(pattern, "*.", 2)) pattern += 2;
  return dns_name_check(pattern) && pattern[strlen(pattern) - 1] != '.';
}

bool send_sts_pattern_matches(const char *pattern, const char *host)
{
  size_t length = strlen(host);

  if (length && host[length - 1] == '.') length--;
  if (!strncmp(pattern, "*.", 2)) {
    const char *dot = memchr(host, '.', length);
    if (!dot || dot == host) return false;
    length -= (size_t)(dot + 1 - host);
    host = dot + 1;
    pattern += 2;
  }
  return length && length == strlen(pattern) && bytes_are_nocase(pattern, host, length);
}

const char *send_sts_policy_match(const struct sts_policy *p, const char *host)
{
  for (size_t at = 0; at < p->patterns.len; at += strlen(p->patterns.s + at) + 1)
    if (send_sts_pattern_matches(p->patterns.s + at, host)) return p->patterns.s + at;
  return 0;
}

void send_sts_policy_free(struct sts_policy *p) { text_free(&p->patterns); }

/* What was read so far of version, mode and max_age: the first of each counts. */
struct reading {
  struct sts_policy *p;
  bool has_version, has_mode, has_max_age;
  const char *error;
};

static bool fail(struct reading *r, const char *error)
{
  r->error = error;
  return false;
}

static bool is(const char *bytes, size_t length, const char *word)
{
  return length == strlen(word) && !memcmp(bytes, word, length);
}

static bool take_version(struct reading *r, const char *value, size_t length)
{
  if (r->has_version) return true;
  r->has_version = true;
  return is(value, length, "STSv1") || fail(r, "the version is not STSv1");
}

static bool take_mode(struct reading *r, const char *value, size_t length)
{
  if (r->has_mode) return true;
  r->has_mode = true;
  for (unsigned int i = 0; i < sizeof modes / sizeof *modes; i++)
    if (is(value, length, modes[i])) {
      r->p->mode = (enum sts_mode)i;
      return true;
    }
  return fail(r, "the mode is not enforce, testing or none");
}

static bool take_max_age(struct reading *r, const char *value, size_t length)
{
  if (r->has_max_age) return true;
  r->has_max_age = true;
  if (length > MAX_AGE_DIGITS || !number_scan_bytes(value, length, UINT64_MAX, &r->p->max_age))
    return fail(r, "max_age is not a number of 1 to 10 digits");
  if (r->p->max_age > STS_MAX_AGE_MAX) r->p->max_age = STS_MAX_AGE_MAX;
  return true;
}

static bool take_mx(struct reading *r, const char *value, size_t length)
{
  size_t start = r->p->patterns.len;

  if (memchr(value, 0, length)) return fail(r, "an mx is not a name of a host, or *. and a name");
  text_add_bytes(&r->p->patterns, value, length);
  text_add_char(&r->p->patterns, 0);
  for (char *c = r->p->patterns.s + start; *c; c++) *c = ascii_lower(*c);
  return send_sts_pattern_check(r->p->patterns.s + start) || fail(r, "an mx is not a name of a host, or *. and a name");
}

static bool is_name(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_alpha(bytes[i]) && !ascii_is_digit(bytes[i]) && (!i || !bytes[i] || !strchr("_-.", bytes[i]))) return false;
  return length && length <= NAME_LENGTH_MAX;
}

/* key ":" *WSP value *WSP. Fields of other names are not for us. */
static bool take_line(struct reading *r, const char *line, size_t length)
{
  static const struct {
    const char *name;
    bool (*take)(struct reading *, const char *, size_t);
  } fields[] = { { "version", take_version }, { "mode", take_mode }, { "max_age", take_max_age }, { "mx", take_mx } };

  while (length && ascii_is_space(line[length - 1])) length--;
  if (!length) return true;
  const char *colon = memchr(line, ':', length);
  if (!colon || !is_name(line, (size_t)(colon - line))) return fail(r, "a line is not NAME: VALUE");
  const char *value = colon + 1, *end = line + length;
  while (value < end && ascii_is_space(*value)) value++;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (is(line, (size_t)(colon - line), fields[i].name)) return fields[i].take(r, value, (size_t)(end - value));
  return true;
}

static bool take_lines(struct reading *r, const char *bytes, size_t length)
{
  const char *end = bytes + length;

  while (bytes < end) {
    const char *newline = memchr(bytes, '\n', (size_t)(end - bytes)), *line_end = newline ? newline : end;
    size_t line = (size_t)(line_end - bytes);
    if (newline && line && bytes[line - 1] == '\r') line--;
    if (!take_line(r, bytes, line)) return false;
    bytes = newline ? newline + 1 : end;
  }
  if (!r->has_version) return fail(r, "it has no version");
  if (!r->has_mode) return fail(r, "it has no mode");
  if (!r->has_max_age) return fail(r, "it has no max_age");
  return r->p->patterns.len || r->p->mode == STS_NONE || fail(r, "it has no mx");
}

bool send_sts_policy_parse(struct sts_policy *p, const char *bytes, size_t length, const char **error)
{
  struct reading r = { .p = p, .error = "" };

  p->mode = STS_NONE;
  p->max_age = 0;
  text_clear(&p->patterns);
  bool good = length <= STS_POLICY_BYTES ? take_lines(&r, bytes, length) : fail(&r, "it is longer than 64 KiB");
  *error = r.error;
  if (good) return true;
  p->mode = STS_NONE;
  text_clear(&p->patterns);
  return false;
}

static void add_line(text *lines, const char *name, const char *value)
{
  text_add_format(lines, "%s: %s", name, value);
  text_add_char(lines, 0);
}

void send_sts_policy_lines(const struct sts_policy *p, text *lines)
{
  text age = TEXT_ZERO;

  text_add_number(&age, p->max_age);
  add_line(lines, "version", "STSv1");
  add_line(lines, "mode", modes[p->mode]);
  for (size_t at = 0; at < p->patterns.len; at += strlen(p->patterns.s + at) + 1) add_line(lines, "mx", p->patterns.s + at);
  add_line(lines, "max_age", text_string(&age));
  text_free(&age);
}
