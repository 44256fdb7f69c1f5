/* mac: HMAC-SHA256 (RFC 2104). */

#ifndef LIB_MAC_H
#define LIB_MAC_H

#include <stddef.h>

enum { MAC_SIZE = 32, MAC_KEY_SIZE = 32 };

/* Over the strings, each with its NUL, so that two lists never look alike; the list ends with (char *)0. */
void mac_strings(unsigned char *mac, const unsigned char *key, ...) __attribute__((sentinel));

/* Over bytes, with a key of any length. */
void mac_bytes(unsigned char *mac, const char *key, size_t key_length, const char *bytes, size_t length);

/* What a password becomes under a salt: Hi() of RFC 5802 2.2, PBKDF2 with one block of output. About 1 s a million. */
void mac_stretch(unsigned char *out, const char *password, size_t length, const char *salt, size_t salt_length,
                 unsigned int iterations);

#endif
