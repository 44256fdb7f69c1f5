#include "auth/base64url.h"

#include <string.h>

#include "lib/base64.h"

bool base64url_decode(text *out, const char *encoded, size_t length)
{
  text plain = TEXT_ZERO;
  bool good = length % 4 != 1;

  text_ready(&plain, length + 3);
  for (size_t i = 0; good && i < length; i++) {
    good = ascii_is_alpha(encoded[i]) || ascii_is_digit(encoded[i]) || encoded[i] == '-' || encoded[i] == '_';
    text_add_char(&plain, encoded[i] == '-' ? '+' : encoded[i] == '_' ? '/' : encoded[i]);
  }
  while (plain.len % 4) text_add_char(&plain, '=');
  good = good && base64_decode(out, plain.s, plain.len);
  text_wipe(&plain);
  return good;
}
