/* limits: mailadm limits: what the stores of state/limits hold. */

#ifndef ADMIN_LIMITS_H
#define ADMIN_LIMITS_H

#include <stdbool.h>

void admin_limits_list(void);
void admin_limits_clear(const char *key); /* it, and what begins with it and a space; "all": all */

#endif
