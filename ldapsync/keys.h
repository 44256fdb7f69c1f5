/* keys: the KEY of what has a name instead of an id: "public-office", "passwd-bob". */

#ifndef LDAPSYNC_KEYS_H
#define LDAPSYNC_KEYS_H

#include "lib/text.h"

/* Is it a KEY: [0-9a-zA-Z-]{1,64}? */
bool key_check(const char *key);

/* An objectGUID, 16 bytes, as Windows writes it: its first three numbers have their lowest byte first. One that is written so already
   stays. False if it is neither. */
bool key_guid(text *key, const char *bytes, size_t length);

/* "KIND-NAME"; a name with other bytes becomes "KIND--" and the name with them, and '-', as -XX, so no two are one. Of a name that
   is too long, a hash. */
void key_make(text *key, const char *kind, const char *name);

/* "KIND-" and 32 hex digits of a hash of the bytes. */
void key_hash(text *key, const char *kind, const char *bytes, size_t length);

#endif
