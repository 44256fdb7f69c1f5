/* seccomp: which system calls the process may still make. One half of lib/sandbox. */

#ifndef LIB_SECCOMP_H
#define LIB_SECCOMP_H

#include "lib/sandbox.h"

/* False if the kernel has no seccomp filters. Dies if it has and the filter cannot be installed. Needs no_new_privs.
   What a mail program may want gets ENOSYS if it is not in the list, so that glibc falls back; what none of them
   could want (ptrace, mount, modules, ...) kills the process. */
bool seccomp_enter(const struct sandbox *s, bool may_execute);

#endif
