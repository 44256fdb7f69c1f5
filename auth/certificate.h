/* certificate: who logs in by a client certificate (SASL EXTERNAL): by its fingerprint in control/certificates, or by an address in it that an authority of
   control/clientca vouches for. */

#ifndef AUTH_CERTIFICATE_H
#define AUTH_CERTIFICATE_H

#include "lib/record.h"

/* identity: auth/identity's. said: who he says he is, or "". False: it is nobody's, or not his; login is then what may be logged. */
bool auth_certificate_login(const text *identity, const char *said, text *login);

#endif
