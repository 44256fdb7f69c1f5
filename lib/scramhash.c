#include "lib/scramhash.h"

#include "lib/hmac.h"

static const struct hmac_hash *hash_of(enum scramhash h) { return h == SCRAMHASH_SHA_1 ? &hmac_sha_1 : &hmac_sha_256; }

size_t scramhash_size(enum scramhash h) { return hash_of(h)->size; }

void scramhash_digest(enum scramhash h, unsigned char *out, const void *bytes, size_t length) { hmac_digest(hash_of(h), out, bytes, length); }

void scramhash_mac(enum scramhash h, unsigned char *out, const void *key, size_t key_length, const char *bytes, size_t length)
{
  hmac_bytes(hash_of(h), out, key, key_length, bytes, length);
}

void scramhash_stretch(enum scramhash h, unsigned char *out, const char *password, size_t length, const char *salt, size_t salt_length, unsigned int iterations)
{
  hmac_stretch(hash_of(h), out, password, length, salt, salt_length, iterations);
}
