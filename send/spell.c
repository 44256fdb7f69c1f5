#include "send/spell.h"

#include <string.h>

bool spell_is_ascii(const char *string)
{
  while (*string && (unsigned char)*string < 0x80) string++;
  return !*string;
}

void spell_xtext(text *out, const char *string)
{
  static const char hex[] = "0123456789ABCDEF";

  for (; *string; string++)
    if (ascii_is_printable(*string) && !strchr(" +=", *string))
      text_add_char(out, *string);
    else {
      text_add_char(out, '+');
      text_add_char(out, hex[(unsigned char)*string >> 4]);
      text_add_char(out, hex[*string & 15]);
    }
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

void spell_utf8_xtext(text *out, const char *string)
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
