/* scheme: how a stored password is written, "{SCHEME}HASH" (RFC 2307 5.3 and its successors). No hashing here. */

#ifndef LIB_SCHEME_H
#define LIB_SCHEME_H

#include <stdbool.h>

enum scheme {
  SCHEME_UNKNOWN, /* cannot be checked here; no prefix at all is a password in the clear */
  SCHEME_CRYPT,   /* {CRYPT}: all of crypt(3); and Dovecot's names for some of it */
  SCHEME_ARGON2,  /* {ARGON2ID}, {ARGON2I}, {ARGON2}: lib/phc */
  SCHEME_SHA,
  SCHEME_SSHA,
  SCHEME_SSHA256,
  SCHEME_SSHA512,
  SCHEME_SCRAM_SHA_256, /* keys, lib/scramkeys; "SCRAM-SHA-256$" as well (RFC 5803) */
  SCHEME_SCRAM_SHA_1    /* the same */
};

/* *hash is what stands behind the prefix. A password in the clear is never a scheme (T18). */
enum scheme scheme_parse(const char *stored, const char **hash);

#endif
