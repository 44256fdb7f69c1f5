/* serve: one server program, two uses (design 3).

   Given a listening socket on fd 0 (and others, lib/sockets), serve() accepts and forks a child per connection, without exec, under the uid that
   the program already has; or keeps a pool of workers that accept for themselves. Given anything else on fd 0, it runs
   one session on fd 0 and 1 with the UCSPI variables of the environment, so that a test is `printf ... | program`.

   The parent reads nothing from the network. SIGTERM: stop accepting, pass the signal on to the children (a session
   that has something to say or to finish catches it), end when the last one has gone. SIGHUP: execute itself anew
   (new binary, new layout of the address space) on the same listening socket; children go on and stay counted. A
   sandbox that was entered before holds on, and is not entered twice. Limits of the process (RLIMIT_CORE 0, memory) and
   SIGPIPE ignored are set once, in the parent.

   A connection from one of the balancers begins with a PROXY header (lib/proxy), or is closed. The child reads it, counts
   its client with the others, and the session sees the client's address.

   Where a child's fd 0 (and 1) was the listening socket, there is its connection. */

#ifndef LIB_SERVE_H
#define LIB_SERVE_H

#include <stdint.h>

#include "lib/cidr.h"
#include "lib/peer.h"
#include "lib/sandbox.h"

struct serve {
  unsigned int concurrency;         /* sessions at once, in all */
  unsigned int concurrency_network; /* of these from one client network: IPv4 /32, IPv6 /64; or from one uid; 0: no limit */
  unsigned int workers;             /* not 0: no fork per connection, but so many workers that accept */
  const struct cidrs *balancers;    /* TCP: whose connections begin with a PROXY header; may be 0 */
  const char *refusal;              /* sent to a connection over a limit, then it is closed; 0: just closed */
  const char *const *callers;       /* unix socket: users (service/users) that may call, ended by 0; root always may */
  unsigned int guests;              /* unix socket: whoever guest says yes to may call, too, and each may have so many sessions */
  bool (*guest)(uid_t uid);         /* asked in the parent, before refresh: a look-up, not more; may be 0 */
  uint64_t memory_bytes;            /* RLIMIT_DATA of a child: tables that are mapped do not count; 0: no limit */
  unsigned int session_seconds;     /* a child that lives longer is ended by SIGALRM; 0: no limit */
  unsigned int processes;           /* so many may run under this uid, sessions too, so that a session may start some; 0: none may */
  const struct sandbox *sandbox;    /* entered by the parent before the first accept, so by all children; may be 0 */
  void (*refresh)(void);            /* called in the parent (or worker) before each session: a stat, not more; may be 0 */
  int notices;                      /* with notice: a descriptor that the parent, or each worker, waits for as well; closed in a child */
  void (*notice)(void);             /* called there when there is something to read from it; may be 0 */
  void (*session)(int in, int out, const struct peer *peer); /* a stream, TCP or unix: in is 0, out is 1; a call: both are 0 */
};

/* Returns an exit code for main (END_DONE). argv: what SIGHUP executes. */
int serve(const struct serve *s, const char *const *argv);

#endif
