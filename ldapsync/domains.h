/* domains: a file for each in control/domains (doc/tables-build.md). Ours, and those that we are only the MX of. */

#ifndef LDAPSYNC_DOMAINS_H
#define LDAPSYNC_DOMAINS_H

#include "lib/record.h"

struct domain {
  char *name;       /* as it is a key: in lower case, an A-label */
  text record;      /* "domain:NAME" of policy.cdb */
  bool has_users;   /* N-17: every login is a local part */
  bool has_groups;  /* N-18: every group's name is one */
  bool is_relayed;  /* it is not ours: its mail goes to a host */
};

struct domains {
  struct domain *sorted; /* by name */
  size_t count;
};
#define DOMAINS_ZERO { 0, 0 }

void domains_read(struct domains *d); /* dies with file and line if one cannot be understood */
const struct domain *domains_find(const struct domains *d, const char *name);
bool domains_have(const struct domains *d, const char *name); /* is it there, and ours? */

#endif
