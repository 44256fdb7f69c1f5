/* master: mailadm master vmail: the password of the master who is no user (N-97). */

#ifndef ADMIN_MASTER_H
#define ADMIN_MASTER_H

#include <stdbool.h>

void master_vmail(const char *const *arguments, bool is_json); /* a new one on fd 1, once */

#endif
