#include "send/wording.h"

#include <stdlib.h>
#include <string.h>

#include "lib/address.h"

const char *const send_wording_names[SEND_WORDINGS] = { "frame", "failure", "delay", "delivered", "relayed", "expanded", "doublebounce", "words" };

enum { SUBJECT_MAX = 200, STATUS_MAX = 16 };

#define KIND(kind) (1u << SEND_WORDING_##kind)
#define ALL (KIND(FRAME) | KIND(FAILURE) | KIND(DELAY) | KIND(DELIVERED) | KIND(RELAYED) | KIND(EXPANDED) | KIND(DOUBLEBOUNCE))

static const struct placeholder {
  const char *name;
  unsigned int kinds; /* that may have it */
  unsigned int must;  /* that must have it */
} placeholders[] = {
  { "text", KIND(FRAME), KIND(FRAME) },
  { "recipients", ALL & ~KIND(FRAME), ALL & ~KIND(FRAME) },
  { "host", ALL, 0 },
  { "id", ALL, 0 },
  { "sender", ALL, 0 },
  { "arrived", ALL, 0 },
  { "until", KIND(DELAY), 0 },
  { "attached", KIND(FAILURE) | KIND(DOUBLEBOUNCE), 0 },
  { "remote", KIND(WORDS), 0 },
  { 0, 0, 0 }
};

/* Those that are no status. */
static const char *const keys[] = { "delivered", "relayed", "expanded", "unknown", "operator", "returned", "said", "whole", "header", 0 };

/* The length of "{name}", and its name's; 0: none begins here. */
static size_t placeholder_at(const char *at, const char *end)
{
  const char *letter = at + 1;

  if (*at != '{') return 0;
  while (letter < end && *letter >= 'a' && *letter <= 'z') letter++;
  return letter < end && *letter == '}' && letter > at + 1 ? (size_t)(letter - at) + 1 : 0;
}

static const struct placeholder *find_placeholder(const char *name, size_t length)
{
  const struct placeholder *p = placeholders;

  while (p->name && (strlen(p->name) != length || memcmp(p->name, name, length) != 0)) p++;
  return p->name ? p : 0;
}

static bool check_placeholders(const text *body, enum send_wording_kind kind, const char **error)
{
  const char *end = body->s + body->len;
  unsigned int seen = 0;
  size_t length;

  for (const char *at = body->s; at < end; at += length ? length : 1) {
    length = placeholder_at(at, end);
    if (!length) continue;
    const struct placeholder *p = find_placeholder(at + 1, length - 2);
    *error = "a placeholder that does not belong here";
    if (!p || !(p->kinds & 1u << kind)) return false;
    seen |= 1u << (p - placeholders);
  }
  *error = kind == SEND_WORDING_FRAME ? "{text} is missing" : "{recipients} is missing";
  for (const struct placeholder *p = placeholders; p->name; p++)
    if (p->must & 1u << kind && !(seen & 1u << (p - placeholders))) return false;
  return true;
}

/* The next line without its end; false at the end. */
static bool next_line(const char **at, const char *end, const char **line, size_t *length)
{
  if (*at >= end) return false;
  const char *newline = memchr(*at, '\n', (size_t)(end - *at));
  *line = *at;
  *length = (size_t)((newline ? newline : end) - *at);
  *at = newline ? newline + 1 : end;
  if (*length && (*line)[*length - 1] == '\r') --*length;
  return true;
}

static bool is_blank(const char *line, size_t length)
{
  while (length && ascii_is_space(line[length - 1])) length--;
  return !length;
}

static void trim(const char **s, size_t *length)
{
  while (*length && ascii_is_space(**s)) ++*s, --*length;
  while (*length && ascii_is_space((*s)[*length - 1])) --*length;
}

static bool take_subject(const char *line, size_t length, const char *name, text *subject)
{
  size_t name_length = strlen(name);

  if (length <= name_length || line[name_length] != ':' || !bytes_are_nocase(line, name, name_length)) return false;
  line += name_length + 1;
  length -= name_length + 1;
  trim(&line, &length);
  text_copy_bytes(subject, line, length);
  text_string(subject);
  return true;
}

static bool parse_fields(struct send_wording *w, const char **at, const char *end, const char **error)
{
  const char *line;
  size_t length;

  while (next_line(at, end, &line, &length) && !is_blank(line, length))
    if (!take_subject(line, length, "Subject", &w->subject) && !take_subject(line, length, "Subject-Some", &w->subject_some)) {
      *error = "in front of the first empty line stand Subject and Subject-Some";
      return false;
    }
  *error = "Subject is missing, or too long";
  if (!w->subject.len || w->subject.len > SUBJECT_MAX || w->subject_some.len > SUBJECT_MAX) return false;
  if (!w->subject_some.len) text_add_text(&w->subject_some, &w->subject);
  text_string(&w->subject_some);
  return true;
}

/* The lines without blanks at their ends, and without empty ones behind the last. */
static void add_body(struct send_wording *w, const char *at, const char *end)
{
  const char *line;
  size_t length;

  while (next_line(&at, end, &line, &length)) {
    while (length && ascii_is_space(line[length - 1])) length--;
    if (!length && !w->body.len) continue;
    text_add_bytes(&w->body, line, length);
    text_add_char(&w->body, '\n');
  }
  while (w->body.len > 1 && w->body.s[w->body.len - 2] == '\n') w->body.len--;
}

/* "5", "5.1" or "5.1.1". */
static bool is_status(const char *key, size_t length)
{
  if (!length || length >= STATUS_MAX || !memchr("245", *key, 3)) return false;
  for (size_t i = 1; i < length; i++)
    if (!ascii_is_digit(key[i]) && (key[i] != '.' || !ascii_is_digit(key[i - 1]) || i + 1 == length)) return false;
  return length == 1 || key[1] == '.';
}

static bool is_key(const char *key, size_t length)
{
  for (const char *const *k = keys; *k; k++)
    if (strlen(*k) == length && !memcmp(*k, key, length)) return true;
  return is_status(key, length);
}

static bool parse_words(struct send_wording *w, const char *at, const char *end, const char **error)
{
  const char *line;
  size_t length;

  *error = "a line that is no key with its words";
  while (next_line(&at, end, &line, &length)) {
    trim(&line, &length);
    if (!length || *line == '#') continue;
    const char *space = memchr(line, ' ', length);
    if (!space || !is_key(line, (size_t)(space - line))) return false;
    text_add_bytes(&w->body, line, (size_t)(space - line));
    text_add_char(&w->body, 0);
    length -= (size_t)(space - line);
    line = space;
    trim(&line, &length);
    text_add_bytes(&w->body, line, length);
    text_add_char(&w->body, 0);
  }
  return check_placeholders(&w->body, SEND_WORDING_WORDS, error);
}

/* Text of any language, and no byte that is none. */
static bool check_bytes(const char *bytes, size_t length, const char **error)
{
  const char *at = bytes, *line;
  size_t line_length;

  *error = "longer than 32768 bytes";
  if (length > SEND_WORDING_MAX) return false;
  while (next_line(&at, bytes + length, &line, &line_length)) {
    *error = "a line is longer than 900 bytes";
    if (line_length > SEND_WORDING_LINE_MAX) return false;
    *error = "not UTF-8, or a control character";
    if (!utf8_check(line, line_length)) return false;
    for (size_t i = 0; i < line_length; i++)
      if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f) return false;
  }
  return true;
}

bool send_wording_parse(struct send_wording *w, enum send_wording_kind kind, const char *bytes, size_t length, const char **error)
{
  const char *at = bytes, *end = bytes + length;

  text_clear(&w->subject);
  text_clear(&w->subject_some);
  text_clear(&w->body);
  text_ready(&w->body, 1);
  text_string(&w->subject), text_string(&w->subject_some);
  if (!check_bytes(bytes, length, error)) return false;
  if (kind == SEND_WORDING_WORDS) return parse_words(w, bytes, end, error);
  if (kind != SEND_WORDING_FRAME && !parse_fields(w, &at, end, error)) return false;
  add_body(w, at, end);
  return check_placeholders(&w->body, kind, error);
}

void send_wording_free(struct send_wording *w)
{
  text_free(&w->subject);
  text_free(&w->subject_some);
  text_free(&w->body);
}

void send_wording_use_english(struct send_wording *w, enum send_wording_kind kind)
{
  const char *words = send_wording_english(kind), *error;
  send_wording_parse(w, kind, words, strlen(words), &error);
}

void send_wordings_use_english(struct send_wordings *w)
{
  *w = (struct send_wordings){ .language = "en" };
  for (int kind = 0; kind < SEND_WORDINGS; kind++) send_wording_use_english(&w->of[kind], (enum send_wording_kind)kind);
  send_wording_use_english(&w->english, SEND_WORDING_WORDS);
}

void send_wordings_free(struct send_wordings *w)
{
  for (int kind = 0; kind < SEND_WORDINGS; kind++) send_wording_free(&w->of[kind]);
  send_wording_free(&w->english);
}

static const char *value_of(const struct send_wording_value *values, const char *name, size_t length)
{
  for (; values->name; values++)
    if (strlen(values->name) == length && !memcmp(values->name, name, length)) return values->value;
  return 0;
}

void send_wording_fill(const char *body, size_t length, const struct send_wording_value *values, text *out)
{
  const char *end = body + length;
  size_t skipped;

  for (const char *at = body; at < end; at += skipped) {
    size_t name = placeholder_at(at, end);
    const char *value = name ? value_of(values, at + 1, name - 2) : 0;
    skipped = value ? name : 1;
    if (value)
      text_add(out, value);
    else
      text_add_char(out, *at);
  }
}

static const char *find(const struct send_wording *w, const char *key, size_t length)
{
  const char *end = w->body.s + w->body.len;

  for (const char *at = w->body.s; at < end;) {
    const char *words = at + strlen(at) + 1;
    if (strlen(at) == length && !memcmp(at, key, length)) return words;
    at = words + strlen(words) + 1;
  }
  return 0;
}

const char *send_wording_word(const struct send_wordings *w, const char *key)
{
  const char *words = find(&w->of[SEND_WORDING_WORDS], key, strlen(key));

  if (!words) words = find(&w->english, key, strlen(key));
  return words ? words : "";
}

static const char *meaning(const struct send_wording *w, const char *status)
{
  const char *words = 0;

  for (size_t length = strlen(status); length && !words; length--)
    if (!status[length] || status[length] == '.') words = find(w, status, length);
  return words;
}

const char *send_wording_meaning(const struct send_wordings *w, const char *status)
{
  const char *words = meaning(&w->of[SEND_WORDING_WORDS], status);

  if (!words) words = meaning(&w->english, status);
  return words ? words : "";
}
