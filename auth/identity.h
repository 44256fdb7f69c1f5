/* identity: what tls-server says of a client's certificate, handed on by those who speak with the client to auth-server, who reads it only if it is tls-server's: a file
   in memory that belongs to its uid and that nobody can change any more. So a server that was taken over can log nobody in whose certificate it has not been shown. */

#ifndef AUTH_IDENTITY_H
#define AUTH_IDENTITY_H

#include <sys/types.h>

#include "lib/record.h"

enum { IDENTITY_BYTES_MAX = 16384 };

/* fingerprint=, and address= for each that an authority vouches for. False: it is none, or not by this uid. */
bool auth_identity_read(int fd, uid_t by, text *identity);

#endif
