#include <string.h>

#include "lib/header.h"
#include "lib/mime.h"

/* RFC 2045 5.1: no space, control or tspecial. */
static bool is_token_char(char c) { return ascii_is_printable(c) && !strchr(" ()<>@,;:\\\"/[]?=", c); }

struct bytes mime_token(struct bytes value, struct bytes *rest)
{
  size_t at = header_skip_space(value.s, value.len, 0), begin = at;

  while (at < value.len && is_token_char(value.s[at])) at++;
  struct bytes token = { value.s + begin, at - begin };
  at = header_skip_space(value.s, value.len, at);
  *rest = (struct bytes){ value.s + at, value.len - at };
  return token;
}

/* Behind the next ";", quoted strings and comments skipped. */
static size_t skip_parameter(struct bytes p, size_t at)
{
  while (at < p.len && p.s[at] != ';') {
    if (p.s[at] == '"') at = header_take_quoted(p.s, p.len, at, 0);
    else if (p.s[at] == '(') at = header_take_comment(p.s, p.len, at, 0);
    else at++;
  }
  return at < p.len ? at + 1 : at;
}

/* What is not quoted goes up to ";" or a comment: spaces in it are wrong, but are of the value. */
static size_t take_plain(struct bytes p, size_t at, text *value)
{
  for (; at < p.len && p.s[at] != ';' && p.s[at] != '('; at++)
    if (p.s[at] != '\r' && p.s[at] != '\n') text_add_char(value, p.s[at]);
  while (value->len && ascii_is_space(value->s[value->len - 1])) value->len--;
  return at;
}

/* "name =" at the place given; the place behind, or 0 if this is no parameter. */
static size_t take_name(struct bytes p, size_t at, struct bytes *name)
{
  size_t begin = at;

  while (at < p.len && is_token_char(p.s[at])) at++;
  *name = (struct bytes){ p.s + begin, at - begin };
  at = header_skip_space(p.s, p.len, at);
  return name->len && at < p.len && p.s[at] == '=' ? at + 1 : 0;
}

bool mime_parameter_next(struct bytes parameters, size_t *at, struct bytes *name, text *value)
{
  const char *s = parameters.s;

  while (*at < parameters.len) {
    size_t begin = header_skip_space(s, parameters.len, *at), behind;
    if (begin < parameters.len && s[begin] == ';') {
      *at = begin + 1;
      continue;
    }
    behind = take_name(parameters, begin, name);
    if (behind) {
      behind = header_skip_space(s, parameters.len, behind);
      text_clear(value);
      if (behind < parameters.len && s[behind] == '"') behind = header_take_quoted(s, parameters.len, behind, value);
      else behind = take_plain(parameters, behind, value);
    }
    *at = skip_parameter(parameters, behind ? behind : begin);
    if (behind) return true;
  }
  return false;
}

bool mime_parameter_find(struct bytes parameters, const char *name, text *value)
{
  struct bytes found;

  for (size_t at = 0; mime_parameter_next(parameters, &at, &found, value);)
    if (found.len == strlen(name) && bytes_are_nocase(found.s, name, found.len)) return true;
  text_clear(value);
  return false;
}

static bool is(struct bytes token, const char *word)
{
  return token.len == strlen(word) && bytes_are_nocase(token.s, word, token.len);
}

bool mime_type_is(const struct mime_part *part, const char *type, const char *subtype)
{
  return is(part->type, type) && (!subtype || is(part->subtype, subtype));
}
