/* limits: mailadm limits: what the stores of state/limits hold, but for auth-server's (guessing.h). */

#ifndef ADMIN_LIMITS_H
#define ADMIN_LIMITS_H

#include <stdbool.h>

void limits_become_owner(const char *user); /* of state/limits/USER: a store may hold anything, and is opened as who wrote it */
void admin_limits_list(void);
void admin_limits_clear(const char *key); /* it, and what begins with it and a space; "all": all */

#endif
