/* children: the sessions that a listener has running, counted in all and by client network. The table outlives an
   execution of the program anew (children_keep, children_take). */

#ifndef LIB_CHILDREN_H
#define LIB_CHILDREN_H

#include <sys/types.h>

#include "lib/peer.h"

struct child {
  pid_t pid;
  struct network network;
};

struct children {
  struct child *list;
  unsigned int count;
  unsigned int room;
};

void children_add(struct children *c, pid_t pid, const struct network *network);
unsigned int children_reap(struct children *c); /* collects those that have ended; says how many */
unsigned int children_of(const struct children *c, const struct network *network);
void children_signal(const struct children *c, int signal);
void children_keep(const struct children *c); /* into a memfd named in $SERVE_CHILDREN, for the next image */
bool children_take(struct children *c);       /* from there; false if there is no earlier image */

#endif
