#include <string.h>

#include "smtpd/role.h"

enum {
  COMMON = EXTENSION_PIPELINING | EXTENSION_SIZE | EXTENSION_8BITMIME | EXTENSION_STATUS | EXTENSION_SMTPUTF8 |
           EXTENSION_CHUNKING | EXTENSION_DSN | EXTENSION_LIMITS | EXTENSION_HELP,
  TLS = EXTENSION_STARTTLS | EXTENSION_REQUIRETLS,
  USERS = EXTENSION_AUTH | EXTENSION_FUTURERELEASE | EXTENSION_PRIORITY
};

static const struct role roles[] = {
  /* name            policy             auth                    tls    lmtp   extensions */
  { "mx",          POLICY_MX,         ROLE_AUTH_NEVER,        false, false, COMMON | TLS }, /* N-114 */
  { "submission",  POLICY_SUBMISSION, ROLE_AUTH_OVER_TLS,     false, false, COMMON | TLS | USERS },
  { "submissions", POLICY_SUBMISSION, ROLE_AUTH_OVER_TLS,     true,  false, COMMON | TLS | USERS },
  { "internal",    POLICY_SUBMISSION, ROLE_AUTH_ON_THIS_HOST, false, false, COMMON | TLS | USERS },
  { "lmtp",        POLICY_LMTP,       ROLE_AUTH_NEVER,        false, true,  COMMON },
  { "inject",      POLICY_INJECT,     ROLE_AUTH_NEVER,        false, false, COMMON },
};

const struct role *role_find(const char *name)
{
  for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
    if (!strcmp(roles[i].name, name)) return &roles[i];
  return 0;
}
