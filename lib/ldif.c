#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/die.h"
#include "lib/ldif.h"

enum { FOLD_AT = 76 };

enum line_result { LINE_BROKEN = -1, LINE_END, LINE_EMPTY, LINE_FULL };

void ldif_begin(struct ldif *l, const char *bytes, size_t length)
{
  *l = (struct ldif){ .bytes = bytes, .length = length, .deletions_from = (size_t)-1, .error = TEXT_ZERO };
}

static enum ldif_result broken(struct ldif *l, const char *what)
{
  text_clear(&l->error);
  text_add_format(&l->error, "line %lu: %s", l->line, what);
  text_string(&l->error);
  return LDIF_BROKEN;
}

/* One line as it stands in the file, without its end. */
static bool raw_line(struct ldif *l, const char **start, size_t *length)
{
  if (l->at >= l->length) return false;
  *start = l->bytes + l->at;
  const char *newline = memchr(*start, '\n', l->length - l->at);
  *length = newline ? (size_t)(newline - *start) : l->length - l->at;
  l->at += *length + (newline != 0);
  l->line++;
  if (*length && (*start)[*length - 1] == '\r') --*length;
  return true;
}

/* A line that begins with a space continues the one before it, comments too. */
static bool is_continued(const struct ldif *l) { return l->at < l->length && l->bytes[l->at] == ' '; }

static enum line_result next_line(struct ldif *l, text *line)
{
  const char *start;
  size_t length;

  do {
    l->start = l->at;
    if (!raw_line(l, &start, &length)) return LINE_END;
    if (!length && !is_continued(l)) return LINE_EMPTY;
    text_copy_bytes(line, start, length);
    while (is_continued(l)) {
      raw_line(l, &start, &length);
      if (line->len + length > LDIF_LINE_MAX) {
        broken(l, "longer than 16 MiB");
        return LINE_BROKEN;
      }
      if (length) text_add_bytes(line, start + 1, length - 1);
    }
  } while (line->len && line->s[0] == '#');
  if (line->len > LDIF_LINE_MAX) {
    broken(l, "longer than 16 MiB");
    return LINE_BROKEN;
  }
  return LINE_FULL;
}

/* Letters, digits, '-', '.' and '_', and ';' before options; the first is a letter or digit. */
static bool is_name(const text *name)
{
  if (!ascii_is_alpha(name->s[0]) && !ascii_is_digit(name->s[0])) return false;
  for (size_t i = 0; i < name->len; i++) {
    char c = name->s[i];
    if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '-' && c != '.' && c != '_' && c != ';') return false;
  }
  return true;
}

/* RFC 2849: an attribute description, then ":" value, "::" base64 or ":<" URL. */
static const char *split(const text *line, text *name, text *value)
{
  const char *colon = memchr(line->s, ':', line->len);
  const char *end = line->s + line->len;

  if (!colon || colon == line->s) return "not an \"attribute: value\" line";
  text_copy_bytes(name, line->s, (size_t)(colon - line->s));
  if (!is_name(name)) return "the attribute's name has an odd character";
  text_lower(name);
  const char *options = memchr(name->s, ';', name->len);
  if (options) name->len = (size_t)(options - name->s);
  const char *start = colon + 1;
  bool is_base64 = start < end && *start == ':';
  if (start < end && *start == '<') return "values by URL (\":<\") are not read";
  if (is_base64) start++;
  while (start < end && *start == ' ') start++;
  text_clear(value);
  if (!is_base64)
    text_add_bytes(value, start, (size_t)(end - start));
  else if (!base64_decode(value, start, (size_t)(end - start)))
    return "not base64";
  return 0;
}

static void entry_clear(struct ldif_entry *e)
{
  text_clear(&e->dn);
  text_clear(&e->strings);
  e->count = 0;
  e->is_deleted = false;
}

static const char *entry_add(struct ldif_entry *e, const text *name, const text *value)
{
  if (e->count == LDIF_VALUES_MAX) return "more than 1048576 values in one entry";
  if (e->count == e->room) {
    size_t room = e->room ? e->room * 2 : 16;
    struct ldif_value *values = realloc(e->values, room * sizeof *values);
    if (!values) die_nomem();
    e->values = values;
    e->room = room;
  }
  struct ldif_value *v = &e->values[e->count++];
  v->name = e->strings.len;
  text_add_text(&e->strings, name);
  text_add_char(&e->strings, 0);
  v->value = e->strings.len;
  v->length = value->len;
  text_add_text(&e->strings, value);
  text_add_char(&e->strings, 0);
  return 0;
}

static const char *add_line(struct ldif_entry *e, const text *line, text *name, text *value, bool takes_deletions)
{
  const char *wrong = split(line, name, value);

  if (wrong) return wrong;
  if (e->is_deleted) return "a line behind changetype: delete";
  if (text_is(name, "changetype")) {
    if (!takes_deletions || e->count || !text_is(value, "delete")) return "a change record; only entries are read";
    e->is_deleted = true;
    return 0;
  }
  if (text_is(name, "dn")) return "a second dn: the empty line before it is missing";
  return entry_add(e, name, value);
}

static const char *take_dn(struct ldif_entry *e, const text *line, text *name, text *value)
{
  const char *wrong = split(line, name, value);

  if (wrong) return wrong;
  if (!text_is(name, "dn")) return "an entry begins with dn:";
  if (memchr(value->s ? value->s : "", 0, value->len)) return "a NUL byte in the dn";
  text_add_text(&e->dn, value);
  text_string(&e->dn);
  return 0;
}

/* "version: 1" stands before the first entry, alone or right above its dn. */
static const char *check_version(const text *line, text *name, text *value, bool *is_version)
{
  *is_version = !split(line, name, value) && text_is(name, "version");
  return *is_version && !text_is(value, "1") ? "only LDIF version 1 is read" : 0;
}

static enum ldif_result read_entry(struct ldif *l, struct ldif_entry *e, text *line, text *name, text *value)
{
  bool has_dn = false;

  for (;;) {
    bool is_version = false;
    const char *wrong = 0;
    switch (next_line(l, line)) {
    case LINE_BROKEN: return LDIF_BROKEN;
    case LINE_END: return has_dn ? LDIF_ENTRY : LDIF_END;
    case LINE_EMPTY:
      if (has_dn) return LDIF_ENTRY;
      continue;
    case LINE_FULL: break;
    }
    if (!has_dn) wrong = check_version(line, name, value, &is_version);
    if (is_version && !wrong && l->entries) wrong = "version: stands before the first entry only";
    if (!wrong && !is_version) {
      wrong = has_dn ? add_line(e, line, name, value, e->at >= l->deletions_from) : take_dn(e, line, name, value);
      if (!has_dn) e->line = l->line, e->at = l->start, l->entries++;
      has_dn = true;
    }
    if (wrong) return broken(l, wrong);
  }
}

enum ldif_result ldif_next(struct ldif *l, struct ldif_entry *e)
{
  text line = TEXT_ZERO, name = TEXT_ZERO, value = TEXT_ZERO;

  entry_clear(e);
  enum ldif_result result = read_entry(l, e, &line, &name, &value);
  text_free(&line);
  text_free(&name);
  text_free(&value);
  return result;
}

void ldif_free(struct ldif *l) { text_free(&l->error); }

void ldif_entry_free(struct ldif_entry *e)
{
  text_free(&e->dn);
  text_free(&e->strings);
  free(e->values);
  *e = (struct ldif_entry)LDIF_ENTRY_ZERO;
}

const char *ldif_entry_next(const struct ldif_entry *e, const char *name, size_t *at, size_t *length)
{
  while (*at < e->count) {
    const struct ldif_value *v = &e->values[(*at)++];
    if (strcmp(e->strings.s + v->name, name)) continue;
    *length = v->length;
    return e->strings.s + v->value;
  }
  return 0;
}

/* RFC 2849 SAFE-STRING, and no space at the end, which an editor could lose. */
static bool is_safe(const char *value, size_t length)
{
  if (!length) return true;
  if (strchr(" :<", value[0]) || value[length - 1] == ' ') return false;
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_printable(value[i])) return false;
  return true;
}

void ldif_add(text *out, const char *name, const char *value, size_t length)
{
  text line = TEXT_ZERO;

  text_add(&line, name);
  if (is_safe(value, length)) {
    text_add(&line, length ? ": " : ":");
    text_add_bytes(&line, value, length);
  } else {
    text_add(&line, ":: ");
    base64_add(&line, value, length);
  }
  for (size_t at = 0; at < line.len;) {
    size_t take = line.len - at, most = at ? FOLD_AT - 1 : FOLD_AT;
    if (take > most) take = most;
    if (at) text_add_char(out, ' ');
    text_add_bytes(out, line.s + at, take);
    text_add_char(out, '\n');
    at += take;
  }
  text_free(&line);
}
