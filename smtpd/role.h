/* role: what smtp-receive is for the client it serves, as rows of one table: on which port, so to say. */

#ifndef SMTPD_ROLE_H
#define SMTPD_ROLE_H

#include "lib/policy.h"

enum role_auth {
  ROLE_AUTH_NEVER,
  ROLE_AUTH_OVER_TLS,    /* not offered in clear (N-111, check 15) */
  ROLE_AUTH_ON_THIS_HOST /* in clear too, if the client is this host; else not at all (N-115) */
};

/* Service extensions, by the RFC that each is in (doc/smtp-receive.md): a role has those of its mask. */
enum role_extension {
  EXTENSION_PIPELINING = 1 << 0,
  EXTENSION_SIZE = 1 << 1,
  EXTENSION_STARTTLS = 1 << 2,
  EXTENSION_AUTH = 1 << 3,
  EXTENSION_8BITMIME = 1 << 4,
  EXTENSION_STATUS = 1 << 5,
  EXTENSION_SMTPUTF8 = 1 << 6,
  EXTENSION_CHUNKING = 1 << 7,
  EXTENSION_DSN = 1 << 8,
  EXTENSION_LIMITS = 1 << 9,
  EXTENSION_REQUIRETLS = 1 << 10,
  EXTENSION_FUTURERELEASE = 1 << 11,
  EXTENSION_PRIORITY = 1 << 12,
  EXTENSION_HELP = 1 << 13
};

struct role {
  const char *name;         /* of -r, and the fact role= of a message */
  enum policy_role policy;
  enum role_auth auth;
  bool begins_with_tls;     /* TLS from the first byte */
  bool is_lmtp;             /* LHLO, and an answer for each recipient (RFC 2033) */
  unsigned int extensions;  /* those that it has; some are offered only when they can work */
};

const struct role *role_find(const char *name); /* 0: there is no such role */

#endif
