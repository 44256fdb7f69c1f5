#include "lib/fingerprint.h"

#include <string.h>

enum { SHA256_DIGITS = 64 };

bool fingerprint_parse(const char *value, text *hex)
{
  text_clear(hex);
  for (; *value && hex->len <= SHA256_DIGITS; value++)
    if (ascii_is_digit(*value) || strchr("abcdef", ascii_lower(*value)))
      text_add_char(hex, ascii_lower(*value));
    else if (*value != ':')
      return false;
  text_string(hex);
  return hex->len == SHA256_DIGITS;
}
