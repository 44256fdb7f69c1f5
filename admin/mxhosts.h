/* mxhosts: who takes mail for our domains: control/mxhosts, "HOST [PREFERENCE]" a line, or this host. */

#ifndef ADMIN_MXHOSTS_H
#define ADMIN_MXHOSTS_H

#include "lib/text.h"

struct mx_host {
  text name;
  uint64_t preference;
};

void mxhosts_read(text *lines); /* each ended by a NUL */

/* The next one from *at. False: there is none. A line that is no host ends the program. */
bool mxhosts_next(const text *lines, size_t *at, struct mx_host *host);

#endif
