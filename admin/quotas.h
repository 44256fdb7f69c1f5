/* quotas: how much of its quota each mailbox has used (N-93). */

#ifndef ADMIN_QUOTAS_H
#define ADMIN_QUOTAS_H

#include <stdbool.h>

void quotas_list(const char *const *arguments, bool is_json);

#endif
