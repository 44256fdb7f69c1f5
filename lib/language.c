#include <string.h>

#include "lib/header.h"
#include "lib/language.h"

bool language_parse(const char *tag, size_t length, text *out)
{
  size_t part = 0;

  if (!length || length > LANGUAGE_MAX) return false;
  for (size_t i = 0; i < length; i++)
    if (tag[i] == '-' && part && i + 1 < length)
      part = 0;
    else if ((!ascii_is_alpha(tag[i]) && (!ascii_is_digit(tag[i]) || part == i)) || ++part > 8) /* the first part has letters only */
      return false;
  text_copy_bytes(out, tag, length);
  text_lower(out);
  text_string(out);
  return true;
}

bool language_shorten(text *tag)
{
  const char *dash = strrchr(text_string(tag), '-');

  if (!dash) return false;
  tag->len = (size_t)(dash - tag->s);
  if (tag->len > 2 && tag->s[tag->len - 2] == '-') tag->len -= 2; /* a single letter introduces what went */
  text_string(tag);
  return true;
}

struct wish {
  text tag;
  unsigned int quality; /* thousandths */
};

/* "0.8", "1", "1.000" */
static bool parse_quality(const char *s, size_t length, unsigned int *quality)
{
  unsigned int unit = 1000;

  *quality = 0;
  for (size_t i = 0; i < length; i++) {
    if (i == 1 && s[i] == '.') continue;
    if (!ascii_is_digit(s[i]) || i > 4) return false;
    *quality += (unsigned int)(s[i] - '0') * unit;
    unit /= 10;
  }
  return length && length != 2 && *quality <= 1000;
}

/* Up to one of the characters, or white space or a comment. */
static size_t word_end(const char *s, size_t length, size_t at)
{
  while (at < length && !strchr(",;( \t\r\n", s[at])) at++;
  return at;
}

/* A parameter behind ";". What is no quality counts as none was said. */
static size_t take_parameter(const char *s, size_t length, size_t at, unsigned int *quality)
{
  unsigned int found;

  at = header_skip_space(s, length, at);
  size_t end = word_end(s, length, at);
  if (end > at + 2 && ascii_lower(s[at]) == 'q' && s[at + 1] == '=' && parse_quality(s + at + 2, end - at - 2, &found)) *quality = found;
  return header_skip_space(s, length, end);
}

static size_t take_wish(const char *s, size_t length, size_t at, struct wish *w)
{
  at = header_skip_space(s, length, at);
  size_t end = word_end(s, length, at);
  w->quality = 1000;
  if (!language_parse(s + at, end - at, &w->tag)) w->quality = 0;
  at = header_skip_space(s, length, end);
  while (at < length && s[at] == ';') at = take_parameter(s, length, at + 1, &w->quality);
  while (at < length && s[at] != ',') at++;
  return at + 1;
}

void language_add(const char *value, size_t length, text *tags)
{
  struct wish wishes[LANGUAGES_MAX];
  size_t count = 0;

  for (size_t at = 0; at < length && count < LANGUAGES_MAX;) {
    struct wish w = { TEXT_ZERO, 0 };
    size_t place = count;
    at = take_wish(value, length, at, &w);
    if (!w.quality || !w.tag.len) {
      text_free(&w.tag);
      continue;
    }
    for (; place && wishes[place - 1].quality < w.quality; place--) wishes[place] = wishes[place - 1];
    wishes[place] = w;
    count++;
  }
  for (size_t i = 0; i < count; i++) {
    text_add_bytes(tags, wishes[i].tag.s, wishes[i].tag.len);
    text_add_char(tags, 0);
    text_free(&wishes[i].tag);
  }
}
