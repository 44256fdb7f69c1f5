#include "lib/scramhash.h"

#include <string.h>

#include <skalibs/sha1.h>
#include <skalibs/sha256.h>

#include "lib/mac.h"

enum { SHA1_SIZE = 20, BLOCK_SIZE = 64, INNER = 0x36, OUTER = 0x5c };

size_t scramhash_size(enum scramhash h) { return h == SCRAMHASH_SHA_1 ? SHA1_SIZE : MAC_SIZE; }

static void sha256_of(unsigned char *out, const void *bytes, size_t length)
{
  SHA256Schedule s;

  sha256_init(&s);
  sha256_update(&s, bytes, length);
  sha256_final(&s, (char *)out);
  explicit_bzero(&s, sizeof s);
}

static void sha1_of(unsigned char *out, const void *bytes, size_t length)
{
  SHA1Schedule s;

  sha1_init(&s);
  sha1_update(&s, bytes, length);
  sha1_final(&s, (char *)out);
  explicit_bzero(&s, sizeof s);
}

void scramhash_digest(enum scramhash h, unsigned char *out, const void *bytes, size_t length)
{
  (h == SCRAMHASH_SHA_1 ? sha1_of : sha256_of)(out, bytes, length);
}

/* What both hashes are after the key. */
struct keyed {
  SHA1Schedule inner, outer;
};

static void key_up(struct keyed *k, const void *key, size_t length)
{
  unsigned char short_key[SHA1_SIZE];
  char block[BLOCK_SIZE] = { 0 };

  if (length > sizeof block) {
    sha1_of(short_key, key, length);
    memcpy(block, short_key, sizeof short_key);
  } else if (length)
    memcpy(block, key, length);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= INNER;
  sha1_init(&k->inner);
  sha1_update(&k->inner, block, sizeof block);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= INNER ^ OUTER;
  sha1_init(&k->outer);
  sha1_update(&k->outer, block, sizeof block);
  explicit_bzero(block, sizeof block);
}

static void finish(const struct keyed *k, SHA1Schedule *inner, unsigned char *mac)
{
  SHA1Schedule outer = k->outer;
  char digest[SHA1_SIZE];

  sha1_final(inner, digest);
  sha1_update(&outer, digest, sizeof digest);
  sha1_final(&outer, (char *)mac);
}

void scramhash_mac(enum scramhash h, unsigned char *out, const void *key, size_t key_length, const char *bytes, size_t length)
{
  struct keyed k;

  if (h == SCRAMHASH_SHA_256) {
    mac_bytes(out, key, key_length, bytes, length);
    return;
  }
  key_up(&k, key, key_length);
  sha1_update(&k.inner, bytes, length);
  finish(&k, &k.inner, out);
  explicit_bzero(&k, sizeof k);
}

static void stretch_sha1(unsigned char *out, const char *password, size_t length, const char *salt, size_t salt_length, unsigned int iterations)
{
  static const char first_block[4] = { 0, 0, 0, 1 };
  unsigned char last[SHA1_SIZE];
  SHA1Schedule inner;
  struct keyed k;

  key_up(&k, password, length);
  inner = k.inner;
  sha1_update(&inner, salt, salt_length);
  sha1_update(&inner, first_block, sizeof first_block);
  finish(&k, &inner, last);
  memcpy(out, last, sizeof last);
  for (unsigned int i = 1; i < iterations; i++) {
    inner = k.inner;
    sha1_update(&inner, (const char *)last, sizeof last);
    finish(&k, &inner, last);
    for (size_t b = 0; b < sizeof last; b++) out[b] ^= last[b];
  }
  explicit_bzero(&k, sizeof k);
  explicit_bzero(&inner, sizeof inner);
  explicit_bzero(last, sizeof last);
}

void scramhash_stretch(enum scramhash h, unsigned char *out, const char *password, size_t length, const char *salt, size_t salt_length, unsigned int iterations)
{
  (h == SCRAMHASH_SHA_1 ? stretch_sha1 : mac_stretch)(out, password, length, salt, salt_length, iterations);
}
