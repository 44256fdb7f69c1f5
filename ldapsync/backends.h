/* backends: hosts that may send through us as their own domains (S-21, S-22): control/backends/NAME. */

#ifndef LDAPSYNC_BACKENDS_H
#define LDAPSYNC_BACKENDS_H

#include "ldapsync/networks.h"

struct backends {
  struct table *policy, *auth;
  struct networks networks;
};

/* backend:NAME, fingerprint:HEX, login:LOGIN, network:backend:... of policy.cdb, backend:NAME of auth.cdb. Dies with file
   and line if one cannot be understood, or two are known by the same. */
void backends_read(struct table *policy, struct table *auth);

/* One file's fields to its records; false with the key, its value, and a sentence in error. No I/O. */
bool backend_parse(struct backends *b, const char *name, const char *path, const text *fields, const char **key, const char **value,
                   text *error);

#endif
