#include "lib/hmac.h"

#include <string.h>

enum { BLOCK_SIZE = 64, INNER = 0x36, OUTER = 0x5c }; /* both hashes work in blocks of this size */

static void sha256_begin(union hmac_state *s) { sha256_init(&s->sha256); }
static void sha256_add(union hmac_state *s, const char *bytes, size_t length) { sha256_update(&s->sha256, bytes, length); }
static void sha256_end(union hmac_state *s, char *out) { sha256_final(&s->sha256, out); }

static void sha1_begin(union hmac_state *s) { sha1_init(&s->sha1); }
static void sha1_add(union hmac_state *s, const char *bytes, size_t length) { sha1_update(&s->sha1, bytes, length); }
static void sha1_end(union hmac_state *s, char *out) { sha1_final(&s->sha1, out); }

const struct hmac_hash hmac_sha_256 = { 32, sha256_begin, sha256_add, sha256_end };
const struct hmac_hash hmac_sha_1 = { 20, sha1_begin, sha1_add, sha1_end };

void hmac_digest(const struct hmac_hash *hash, unsigned char *out, const void *bytes, size_t length)
{
  union hmac_state s;

  hash->begin(&s);
  hash->add(&s, bytes, length);
  hash->end(&s, (char *)out);
  explicit_bzero(&s, sizeof s);
}

static void pad(char *block, unsigned char with)
{
  for (size_t i = 0; i < BLOCK_SIZE; i++) block[i] = (char)(block[i] ^ with);
}

void hmac_begin(struct hmac *m, const struct hmac_hash *hash, const void *key, size_t length)
{
  char block[BLOCK_SIZE] = { 0 };

  m->hash = hash;
  if (length > sizeof block)
    hmac_digest(hash, (unsigned char *)block, key, length);
  else if (length)
    memcpy(block, key, length);
  pad(block, INNER);
  hash->begin(&m->inner);
  hash->add(&m->inner, block, sizeof block);
  pad(block, INNER ^ OUTER);
  hash->begin(&m->outer);
  hash->add(&m->outer, block, sizeof block);
  explicit_bzero(block, sizeof block);
}

void hmac_add(struct hmac *m, const void *bytes, size_t length) { m->hash->add(&m->inner, bytes, length); }

static void finish(struct hmac *m, unsigned char *out)
{
  char digest[HMAC_SIZE_MAX];

  m->hash->end(&m->inner, digest);
  m->hash->add(&m->outer, digest, m->hash->size);
  m->hash->end(&m->outer, (char *)out);
}

void hmac_end(struct hmac *m, unsigned char *out)
{
  finish(m, out);
  explicit_bzero(m, sizeof *m);
}

void hmac_bytes(const struct hmac_hash *hash, unsigned char *out, const void *key, size_t key_length, const void *bytes, size_t length)
{
  struct hmac m;

  hmac_begin(&m, hash, key, key_length);
  hmac_add(&m, bytes, length);
  hmac_end(&m, out);
}

void hmac_stretch(const struct hmac_hash *hash, unsigned char *out, const char *password, size_t length, const char *salt, size_t salt_length,
                  unsigned int iterations)
{
  static const char first_block[4] = { 0, 0, 0, 1 };
  unsigned char last[HMAC_SIZE_MAX];
  struct hmac keyed, m;

  hmac_begin(&keyed, hash, password, length);
  m = keyed;
  hmac_add(&m, salt, salt_length);
  hmac_add(&m, first_block, sizeof first_block);
  finish(&m, last);
  memcpy(out, last, hash->size);
  for (unsigned int i = 1; i < iterations; i++) {
    m = keyed;
    hmac_add(&m, last, hash->size);
    finish(&m, last);
    for (size_t b = 0; b < hash->size; b++) out[b] ^= last[b];
  }
  explicit_bzero(&keyed, sizeof keyed);
  explicit_bzero(&m, sizeof m);
  explicit_bzero(last, sizeof last);
}
