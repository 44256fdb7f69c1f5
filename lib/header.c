#include <string.h>

#include "lib/header.h"

static bool is_empty_line(const char *s, size_t left) { return s[0] == '\n' || (left > 1 && s[0] == '\r' && s[1] == '\n'); }

/* The place behind the line that begins at at. */
static size_t line_end(const char *bytes, size_t length, size_t at)
{
  const char *newline = memchr(bytes + at, '\n', length - at);
  return newline ? (size_t)(newline - bytes) + 1 : length;
}

size_t header_length(const char *bytes, size_t length)
{
  for (size_t at = 0; at < length; at = line_end(bytes, length, at))
    if (is_empty_line(bytes + at, length - at)) return line_end(bytes, length, at);
  return length;
}

/* ftext (RFC 5322 3.6.8): printable but the colon; white space may stand before the colon (4.5). */
static void split(struct header_field *field)
{
  const char *s = field->whole.s, *end = s + field->whole.len, *colon = s;

  while (colon < end && *colon > ' ' && *colon != ':' && *colon != 0x7f) colon++;
  field->name = (struct bytes){ s, (size_t)(colon - s) };
  while (colon < end && ascii_is_space(*colon)) colon++;
  if (!field->name.len || colon == end || *colon != ':') {
    field->name = (struct bytes)BYTES_ZERO;
    colon = s;
  } else
    colon++;
  while (colon < end && strchr(" \t\r\n", *colon) && *colon) colon++;
  while (end > colon && strchr(" \t\r\n", end[-1]) && end[-1]) end--;
  field->value = (struct bytes){ colon, (size_t)(end - colon) };
}

bool header_next(const char *bytes, size_t length, size_t *at, struct header_field *field)
{
  size_t end = *at;

  if (end >= length || is_empty_line(bytes + end, length - end)) return false;
  do end = line_end(bytes, length, end);
  while (end < length && ascii_is_space(bytes[end]));
  field->whole = (struct bytes){ bytes + *at, end - *at };
  split(field);
  *at = end;
  return true;
}

bool header_is(const struct header_field *field, const char *name)
{
  return field->name.s && field->name.len == strlen(name) && bytes_are_nocase(field->name.s, name, field->name.len);
}

bool header_find(const char *bytes, size_t length, const char *name, struct header_field *field)
{
  for (size_t at = 0; header_next(bytes, length, &at, field);)
    if (header_is(field, name)) return true;
  return false;
}

void header_unfold(text *out, struct bytes value)
{
  const char *at = value.s, *end = value.s + value.len;

  while (at < end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    const char *stop = newline ? newline : end;
    size_t length = (size_t)(stop - at);
    if (newline && length && stop[-1] == '\r') length--;
    text_add_bytes(out, at, length);
    at = newline ? newline + 1 : end;
  }
}

size_t header_take_comment(const char *s, size_t length, size_t at, text *out)
{
  size_t open = 0;

  for (; at < length; at++) {
    if (s[at] == '\\' && at + 1 < length) at++;
    else if (s[at] == '(' && !open++) continue;
    else if (s[at] == ')' && !--open) return at + 1;
    if (out && s[at] != '\r' && s[at] != '\n') text_add_char(out, s[at]);
  }
  return length;
}

size_t header_skip_space(const char *s, size_t length, size_t at)
{
  while (at < length) {
    if (s[at] == '(') at = header_take_comment(s, length, at, 0);
    else if (ascii_is_space(s[at]) || s[at] == '\r' || s[at] == '\n') at++;
    else break;
  }
  return at;
}

size_t header_take_quoted(const char *s, size_t length, size_t at, text *out)
{
  for (at++; at < length && s[at] != '"'; at++) {
    if (s[at] == '\\' && at + 1 < length) at++;
    if (out && s[at] != '\r' && s[at] != '\n') text_add_char(out, s[at]);
  }
  return at < length ? at + 1 : length;
}
