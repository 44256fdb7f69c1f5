/* mac: HMAC-SHA256 (RFC 2104). */

#ifndef LIB_MAC_H
#define LIB_MAC_H

#include <stddef.h>

enum { MAC_SIZE = 32, MAC_KEY_SIZE = 32 };

/* Over the strings, each with its NUL, so that two lists never look alike; the list ends with (char *)0. */
void mac_strings(unsigned char *mac, const unsigned char *key, ...) __attribute__((sentinel));

#endif
