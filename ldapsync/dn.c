#include <string.h>

#include "ldapsync/dn.h"
#include "lib/hex.h"

static bool is_separator(char c) { return c == ',' || c == '+' || c == '='; }

/* The byte behind a backslash, and how long it is written. */
static char escaped(const char *at, size_t *length)
{
  int high = hex_digit(at[0]), low = high < 0 ? -1 : hex_digit(at[1]);

  *length = low < 0 ? 1 : 2;
  return low < 0 ? at[0] : (char)(high * 16 + low);
}

void dn_fold(const char *dn, text *folded)
{
  size_t kept = 0, length; /* kept: before it no space is taken away */

  text_clear(folded);
  while (*dn) {
    if (*dn == '\\' && dn[1]) {
      char byte = escaped(dn + 1, &length);
      if (is_separator(byte) || byte == '\\' || !byte)
        text_add_format(folded, "\\%02x", (unsigned char)byte);
      else
        text_add_char(folded, ascii_lower(byte));
      kept = folded->len;
      dn += 1 + length;
    } else if (is_separator(*dn) || *dn == ';') {
      while (folded->len > kept && ascii_is_space(folded->s[folded->len - 1])) folded->len--;
      text_add_char(folded, *dn == ';' ? ',' : *dn);
      for (dn++; ascii_is_space(*dn); dn++) continue;
      kept = folded->len;
    } else
      text_add_char(folded, ascii_lower(*dn++));
  }
  while (folded->len > kept && ascii_is_space(folded->s[folded->len - 1])) folded->len--;
  text_string(folded);
}
