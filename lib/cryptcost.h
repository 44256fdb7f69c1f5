/* cryptcost: would crypt(3) need more than a login may cost to check this hash? Its parameters are in it, and come from a directory. */

#ifndef LIB_CRYPTCOST_H
#define LIB_CRYPTCOST_H

#include <stdbool.h>

/* At most about two seconds and 256 MiB; a hash without parameters always is. A form of yescrypt that nobody makes by default is not. */
bool cryptcost_is_bearable(const char *hash);

#endif
