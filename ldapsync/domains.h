/* domains: ours, a file for each in control/domains. */

#ifndef LDAPSYNC_DOMAINS_H
#define LDAPSYNC_DOMAINS_H

#include "lib/record.h"

struct domains {
  text names;     /* each ended by a NUL, sorted */
  text with_users; /* of these, those with "addusers: yes" (N-17) */
  const char **sorted;
  size_t count;
};
#define DOMAINS_ZERO { TEXT_ZERO, TEXT_ZERO, 0, 0 }

void domains_read(struct domains *d); /* dies with file and line if one cannot be understood */
bool domains_have(const struct domains *d, const char *name);

#endif
