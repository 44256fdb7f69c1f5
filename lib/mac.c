#include <stdarg.h>
#include <string.h>

#include <skalibs/sha256.h>

#include "lib/mac.h"

enum { BLOCK_SIZE = 64 };

static void begin(SHA256Schedule *s, const unsigned char *key, unsigned char pad)
{
  unsigned char block[BLOCK_SIZE];

  memset(block, pad, sizeof block);
  for (size_t i = 0; i < MAC_KEY_SIZE; i++) block[i] ^= key[i];
  sha256_init(s);
  sha256_update(s, (const char *)block, sizeof block);
  explicit_bzero(block, sizeof block);
}

void mac_strings(unsigned char *mac, const unsigned char *key, ...)
{
  SHA256Schedule s;
  char inner[MAC_SIZE];
  va_list strings;

  begin(&s, key, 0x36);
  va_start(strings, key);
  for (const char *string; (string = va_arg(strings, const char *));) sha256_update(&s, string, strlen(string) + 1);
  va_end(strings);
  sha256_final(&s, inner);
  begin(&s, key, 0x5c);
  sha256_update(&s, inner, sizeof inner);
  sha256_final(&s, (char *)mac);
  explicit_bzero(&s, sizeof s);
  explicit_bzero(inner, sizeof inner);
}
