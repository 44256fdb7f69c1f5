/* identity_make: the other side of auth/identity, in tls-server. */

#ifndef AUTH_IDENTITY_MAKE_H
#define AUTH_IDENTITY_MAKE_H

#include "lib/record.h"
#include "lib/tls.h"

/* A new file, the caller's to close; -1 with errno. vouched=yes is added to the answer if an authority vouches for an address in it. */
int auth_identity_make(const struct tls *tls, const char *fingerprint, text *answer);

#endif
