#include <stdarg.h>
#include <string.h>

#include <skalibs/sha256.h>

#include "lib/mac.h"

enum { BLOCK_SIZE = 64, INNER = 0x36, OUTER = 0x5c };

static void begin(SHA256Schedule *s, const char *key, size_t length, unsigned char pad)
{
  char block[BLOCK_SIZE] = { 0 };

  if (length > sizeof block) {
    sha256_init(s);
    sha256_update(s, key, length);
    sha256_final(s, block);
  } else if (length)
    memcpy(block, key, length);
  for (size_t i = 0; i < sizeof block; i++) block[i] = (char)(block[i] ^ pad);
  sha256_init(s);
  sha256_update(s, block, sizeof block);
  explicit_bzero(block, sizeof block);
}

void mac_strings(unsigned char *mac, const unsigned char *key, ...)
{
  SHA256Schedule s;
  char inner[MAC_SIZE];
  va_list strings;

  begin(&s, (const char *)key, MAC_KEY_SIZE, INNER);
  va_start(strings, key);
  for (const char *string; (string = va_arg(strings, const char *));) sha256_update(&s, string, strlen(string) + 1);
  va_end(strings);
  sha256_final(&s, inner);
  begin(&s, (const char *)key, MAC_KEY_SIZE, OUTER);
  sha256_update(&s, inner, sizeof inner);
  sha256_final(&s, (char *)mac);
  explicit_bzero(&s, sizeof s);
  explicit_bzero(inner, sizeof inner);
}

/* A key that is used often: what both hashes are after it. */
struct keyed {
  SHA256Schedule inner, outer;
};

static void key_up(struct keyed *k, const char *key, size_t length)
{
  begin(&k->inner, key, length, INNER);
  begin(&k->outer, key, length, OUTER);
}

static void finish(const struct keyed *k, SHA256Schedule *inner, unsigned char *mac)
{
  SHA256Schedule outer = k->outer;
  char digest[MAC_SIZE];

  sha256_final(inner, digest);
  sha256_update(&outer, digest, sizeof digest);
  sha256_final(&outer, (char *)mac);
}

void mac_bytes(unsigned char *mac, const char *key, size_t key_length, const char *bytes, size_t length)
{
  struct keyed k;

  key_up(&k, key, key_length);
  sha256_update(&k.inner, bytes, length);
  finish(&k, &k.inner, mac);
  explicit_bzero(&k, sizeof k);
}

void mac_stretch(unsigned char *out, const char *password, size_t length, const char *salt, size_t salt_length,
                 unsigned int iterations)
{
  static const char first_block[4] = { 0, 0, 0, 1 };
  unsigned char last[MAC_SIZE];
  SHA256Schedule inner;
  struct keyed k;

  key_up(&k, password, length);
  inner = k.inner;
  sha256_update(&inner, salt, salt_length);
  sha256_update(&inner, first_block, sizeof first_block);
  finish(&k, &inner, last);
  memcpy(out, last, sizeof last);
  for (unsigned int i = 1; i < iterations; i++) {
    inner = k.inner;
    sha256_update(&inner, (const char *)last, sizeof last);
    finish(&k, &inner, last);
    for (size_t b = 0; b < sizeof last; b++) out[b] ^= last[b];
  }
  explicit_bzero(&k, sizeof k);
  explicit_bzero(&inner, sizeof inner);
  explicit_bzero(last, sizeof last);
}
