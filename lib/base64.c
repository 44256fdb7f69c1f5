#include <string.h>

#include "lib/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(text *out, const char *bytes, size_t length)
{
  const unsigned char *b = (const unsigned char *)bytes;

  text_ready(out, (length + 2) / 3 * 4);
  for (; length >= 3; b += 3, length -= 3) {
    uint32_t group = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
    for (unsigned int shift = 24; shift; shift -= 6) text_add_char(out, alphabet[group >> (shift - 6) & 63]);
  }
  if (!length) return;
  uint32_t group = (uint32_t)b[0] << 16 | (length == 2 ? (uint32_t)b[1] << 8 : 0);
  text_add_char(out, alphabet[group >> 18]);
  text_add_char(out, alphabet[group >> 12 & 63]);
  text_add_char(out, length == 2 ? alphabet[group >> 6 & 63] : '=');
  text_add_char(out, '=');
}

static bool add_group(text *out, const char *encoded, unsigned int digits)
{
  uint32_t group = 0;

  for (unsigned int i = 0; i < 4; i++) {
    const char *found = i < digits ? memchr(alphabet, encoded[i], 64) : alphabet;
    if (!found) return false;
    group = group << 6 | (uint32_t)(found - alphabet);
  }
  if ((digits == 2 && group & 0xffff) || (digits == 3 && group & 0xff)) return false; /* bits that say nothing */
  for (unsigned int i = 0; i + 1 < digits; i++) text_add_char(out, (char)(group >> (16 - 8 * i)));
  return true;
}

bool base64_decode(text *out, const char *encoded, size_t length)
{
  if (length % 4) return false;
  for (; length; encoded += 4, length -= 4) {
    unsigned int digits = 4;
    if (length == 4 && encoded[3] == '=') digits = encoded[2] == '=' ? 2 : 3;
    if (!add_group(out, encoded, digits)) return false;
  }
  return true;
}
