/* dkim_keys: the private keys in dkim/: SELECTOR.DOMAIN.pem, else SELECTOR.pem for whichever domain; RSA (RFC 6376) or Ed25519
   (RFC 8463). */

#ifndef FILTER_DKIM_KEYS_H
#define FILTER_DKIM_KEYS_H

#include <stdbool.h>

#include "lib/text.h"

enum { DKIM_DIGEST_BYTES = 32 };

struct dkim_key; /* of OpenSSL */

struct dkim_key *dkim_key_read(const char *selector, const char *domain, text *error); /* 0 with a sentence in error */
void dkim_key_free(struct dkim_key *key);
const char *dkim_key_algorithm(const struct dkim_key *key); /* rsa-sha256, ed25519-sha256 */

/* Signs a SHA-256 digest. signature: base64. */
bool dkim_key_sign(const struct dkim_key *key, const unsigned char digest[DKIM_DIGEST_BYTES], text *signature);

#endif
