/* sandbox: what the process may still do, by Landlock and seccomp where the kernel has them. Entered once, after
   everything is open; children inherit it. Where the kernel has one of them and it cannot be applied, the program ends
   (END_TEMPORARY); where the kernel lacks it, one line is logged. Always: no_new_privs, not dumpable, no core file.

   Any process may still execute what lies in the folder of its own program, so that a listener can execute itself
   anew (lib/serve, SIGHUP), and nothing else. The new process is in the sandbox already and sees it: sandbox_enter
   does not add a second one. If the new program asks for another sandbox it ends, and s6 starts it afresh. */

#ifndef LIB_SANDBOX_H
#define LIB_SANDBOX_H

#include <stdbool.h>

struct sandbox {
  const char *const *reads;  /* files and folders below MAILHOME (or absolute) that may be read, ended by 0 */
  const char *const *writes; /* folders in which files may be made, written, renamed and removed */
  bool may_connect;          /* may connect to TCP ports, and use UDP for DNS */
  bool may_ask_dns;          /* may use UDP, and connect to no TCP port */
  bool may_choose_source;    /* before it connects, by a bind to port 0; as a port to listen on nobody can choose one */
  bool may_setuid;           /* mailbox-spawn alone */
  bool may_start;            /* token-run, whose work it is to start programs: all that a program may want is allowed, Landlock is left out, and what
                                none could want (ptrace, mount, another uid...) is refused */
};

void sandbox_enter(const struct sandbox *s);

#endif
