/* hmac: HMAC (RFC 2104) and what is made of it, over SHA-256 and, for what still needs it, SHA-1. */

#ifndef LIB_HMAC_H
#define LIB_HMAC_H

#include <stddef.h>

#include <skalibs/sha1.h>
#include <skalibs/sha256.h>

enum { HMAC_SIZE_MAX = 32 };

union hmac_state {
  SHA256Schedule sha256;
  SHA1Schedule sha1;
};

struct hmac_hash {
  size_t size; /* bytes of what it ends with */
  void (*begin)(union hmac_state *s);
  void (*add)(union hmac_state *s, const char *bytes, size_t length);
  void (*end)(union hmac_state *s, char *out);
};
extern const struct hmac_hash hmac_sha_256, hmac_sha_1;

struct hmac {
  const struct hmac_hash *hash;
  union hmac_state inner, outer;
};

void hmac_begin(struct hmac *m, const struct hmac_hash *hash, const void *key, size_t length); /* a key of any length */
void hmac_add(struct hmac *m, const void *bytes, size_t length);
void hmac_end(struct hmac *m, unsigned char *out); /* and wipes it */

void hmac_digest(const struct hmac_hash *hash, unsigned char *out, const void *bytes, size_t length); /* the hash alone */
void hmac_bytes(const struct hmac_hash *hash, unsigned char *out, const void *key, size_t key_length, const void *bytes, size_t length);

/* What a password becomes under a salt: Hi() of RFC 5802 2.2, PBKDF2 with one block of output. With SHA-256 about 1 s a million. */
void hmac_stretch(const struct hmac_hash *hash, unsigned char *out, const char *password, size_t length, const char *salt, size_t salt_length,
                  unsigned int iterations);

#endif
