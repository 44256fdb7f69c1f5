#include "lib/hex.h"

int hex_upper_digit(char c)
{
  if (ascii_is_digit(c)) return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_digit(char c) { return hex_upper_digit(c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : c); }

void hex_add(text *out, const void *bytes, size_t length)
{
  static const char digits[] = "0123456789abcdef";

  for (const unsigned char *at = bytes, *end = at + length; at < end; at++) {
    text_add_char(out, digits[*at >> 4]);
    text_add_char(out, digits[*at & 15]);
  }
}

void hex_add_upper(text *out, char byte)
{
  static const char digits[] = "0123456789ABCDEF";

  text_add_char(out, digits[(unsigned char)byte >> 4]);
  text_add_char(out, digits[byte & 15]);
}
