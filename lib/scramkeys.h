/* scramkeys: what is stored of a password for SCRAM-SHA-256 or SCRAM-SHA-1 (RFC 5802 3, RFC 7677). Who has read it can check a password, and
   can pretend to be the server; he cannot log in. Bytes in, bytes out; no I/O. */

#ifndef LIB_SCRAMKEYS_H
#define LIB_SCRAMKEYS_H

#include "lib/hmac.h"
#include "lib/mac.h"
#include "lib/text.h"

enum {
  SCRAMKEYS_ITERATIONS_MIN = 4096,    /* RFC 7677 4 */
  SCRAMKEYS_ITERATIONS_MAX = 1000000, /* about a second */
  SCRAMKEYS_SALT_MAX = 64
};

enum scramhash { SCRAMHASH_SHA_256, SCRAMHASH_SHA_1 };

struct scramkeys {
  enum scramhash hash;
  unsigned int iterations;
  text salt;
  unsigned char stored[MAC_SIZE]; /* StoredKey */
  unsigned char server[MAC_SIZE]; /* ServerKey */
};
#define SCRAMKEYS_ZERO { .salt = TEXT_ZERO }

/* "{SCRAM-SHA-256}ITERATIONS,SALT,STOREDKEY,SERVERKEY", as Dovecot has it, or "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY"
   (RFC 5803); salt and keys in base64; the same with SCRAM-SHA-1. False: it is another scheme, or cannot be used. */
bool scramkeys_parse(struct scramkeys *k, const char *stored); /* of SHA-256 */
bool scramkeys_parse_by(struct scramkeys *k, const char *stored, enum scramhash hash);
bool scramkeys_parse_any(struct scramkeys *k, const char *stored);
void scramkeys_format(const struct scramkeys *k, text *stored); /* adds the first form */

/* Can a password be stored so? Not of an unknown scheme, nor what cannot be parsed or would cost too much. */
bool scramkeys_may_store(const char *stored);

/* The keys of a password (lib/saslprep) under k's hash, salt and iterations. Takes as long as these want. */
void scramkeys_make(struct scramkeys *k, const char *password);

/* Are these the keys of an empty password? Takes as long as they want. */
bool scramkeys_are_of_nothing(const char *stored);

const struct hmac_hash *scramkeys_hash(enum scramhash hash); /* lib/hmac's */

/* The hash that makes StoredKey of ClientKey. */
void scramkeys_store(enum scramhash hash, unsigned char *stored, const unsigned char *client);

void scramkeys_free(struct scramkeys *k); /* wipes */

#endif
