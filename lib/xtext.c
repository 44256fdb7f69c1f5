#include "lib/xtext.h"

#include <string.h>

#include "lib/hex.h"

void xtext_add(text *out, const char *string)
{
  for (; *string; string++)
    if (ascii_is_printable(*string) && !strchr(" +=", *string))
      text_add_char(out, *string);
    else {
      text_add_char(out, '+');
      hex_add_upper(out, *string);
    }
}

bool xtext_decode(text *out, const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    char c = bytes[i];
    if (c == '+') {
      int high = length - i > 2 ? hex_digit(bytes[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(bytes[i + 2]);
      if (low < 0) return false;
      c = (char)(high << 4 | low);
      i += 2;
    }
    if (!ascii_is_printable(c)) return false;
    text_add_char(out, c);
  }
  return true;
}

bool xtext_check(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    if (!ascii_is_printable(bytes[i]) || strchr(" =", bytes[i])) return false;
    if (bytes[i] != '+') continue;
    if (length - i < 3 || hex_upper_digit(bytes[i + 1]) < 0 || hex_upper_digit(bytes[i + 2]) < 0) return false;
    i += 2;
  }
  return true;
}

/* One character of UTF-8; of what is none, a byte. */
static const char *take_character(const char *at, uint32_t *character)
{
  unsigned char first = (unsigned char)*at++;
  int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;

  *character = more == 3 ? first & 7u : more == 2 ? first & 15u : more ? first & 31u : first;
  for (; more && ((unsigned char)*at & 0xc0) == 0x80; more--) *character = *character << 6 | ((unsigned char)*at++ & 63u);
  return at;
}

void xtext_add_utf8(text *out, const char *string)
{
  uint32_t character;

  while (*string) {
    string = take_character(string, &character);
    if (character > ' ' && character < 0x7f && !strchr("\\+=", (int)character))
      text_add_char(out, (char)character);
    else
      text_add_format(out, "\\x{%X}", (unsigned int)character);
  }
}
