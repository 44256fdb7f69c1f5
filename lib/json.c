#include <string.h>

#include "lib/json.h"

/* RFC 3629 4: the shortest form, no surrogates, up to 10FFFF. */
size_t json_utf8_length(const char *string)
{
  const unsigned char *s = (const unsigned char *)string;
  size_t length = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;

  for (size_t i = 1; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
      (s[0] == 0xf4 && s[1] > 0x8f))
    return 0;
  return length;
}

static void add_ascii(text *out, char c)
{
  if (c == '"' || c == '\\') {
    text_add_char(out, '\\');
    text_add_char(out, c);
  } else if (ascii_is_printable(c))
    text_add_char(out, c);
  else
    text_add_format(out, "\\u%04x", (unsigned char)c);
}

void json_string(text *out, const char *value)
{
  text_add_char(out, '"');
  while (*value) {
    size_t length = json_utf8_length(value);
    if (length == 1)
      add_ascii(out, *value);
    else if (length)
      text_add_bytes(out, value, length);
    else
      text_add(out, "\\ufffd");
    value += length ? length : 1;
  }
  text_add_char(out, '"');
}

void json_key(text *out, const char *key)
{
  if (out->len && out->s[out->len - 1] != '{') text_add_char(out, ',');
  json_string(out, key);
  text_add_char(out, ':');
}

void json_pair(text *out, const char *key, const char *value)
{
  json_key(out, key);
  json_string(out, value);
}

void json_number(text *out, const char *key, uint64_t number)
{
  json_key(out, key);
  text_add_number(out, number);
}
