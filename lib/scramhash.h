/* scramhash: the two hashes that SCRAM is used with, SHA-256 (RFC 7677) and SHA-1 (RFC 5802), and what it makes of them. */

#ifndef LIB_SCRAMHASH_H
#define LIB_SCRAMHASH_H

#include <stddef.h>

enum scramhash { SCRAMHASH_SHA_256, SCRAMHASH_SHA_1 };

size_t scramhash_size(enum scramhash h); /* bytes of what the others write: at most MAC_SIZE */
void scramhash_digest(enum scramhash h, unsigned char *out, const void *bytes, size_t length);
void scramhash_mac(enum scramhash h, unsigned char *out, const void *key, size_t key_length, const char *bytes, size_t length); /* HMAC, RFC 2104 */

/* Hi() of RFC 5802 2.2 */
void scramhash_stretch(enum scramhash h, unsigned char *out, const char *password, size_t length, const char *salt, size_t salt_length, unsigned int iterations);

#endif
