/* landlock: which files, ports and processes outside may still be reached. One half of lib/sandbox. */

#ifndef LIB_LANDLOCK_H
#define LIB_LANDLOCK_H

#include "lib/sandbox.h"

bool landlock_is_there(void);

/* False if the kernel has no Landlock. Dies if it has and cannot be entered. Needs no_new_privs. */
bool landlock_enter(const struct sandbox *s);

/* From now on only what is below the working directory can be opened, made or changed, and nothing be executed; the
   system's libraries can be read. Inside another sandbox or not. False and death as above. */
bool landlock_enter_folder(void);

#endif
