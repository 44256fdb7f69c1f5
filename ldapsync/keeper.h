/* keeper: starts the process that has the build in memory, asks it, and starts another one when it has ended: nothing that happens to it stays. */

#ifndef LDAPSYNC_KEEPER_H
#define LDAPSYNC_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

struct keeper {
  pid_t pid;     /* 0: there is none */
  int socket;
  bool is_ready; /* it has answered before: its full pass has succeeded */
};

/* Everything that there is now, published; what tables-build would have ended with. keep_out: a descriptor that is not for the child. */
int keeper_publish(struct keeper *k, int keep_out);

#endif
