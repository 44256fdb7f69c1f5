/* landlock: which files, ports and processes outside may still be reached. One half of lib/sandbox. */

#ifndef LIB_LANDLOCK_H
#define LIB_LANDLOCK_H

#include "lib/sandbox.h"

/* False if the kernel has no Landlock. Dies if it has and cannot be entered. Needs no_new_privs. */
bool landlock_enter(const struct sandbox *s);

#endif
