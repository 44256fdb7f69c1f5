/* children: the sessions that a listener has running, counted in all and by client network. The table outlives an
   execution of the program anew (children_keep, children_take).

   Behind a balancer only the child learns who its client is. Then the networks stand in memory that parent and children
   share, and the child writes its own there. A child that was taken over can write what it likes into it: networks are
   compared and counted, nothing else, so what it can falsify is who has how many sessions. */

#ifndef LIB_CHILDREN_H
#define LIB_CHILDREN_H

#include <sys/types.h>

#include "lib/peer.h"

struct child {
  pid_t pid;
  unsigned int slot;
};

struct child_slot {
  struct network network;
  bool is_counted; /* a child is there, and who its client is is known */
};

struct children {
  struct child *list;
  unsigned int count;
  unsigned int room;
  struct child_slot *slots;
  unsigned int slot_count;
  unsigned int *free_slots; /* the parent's own */
  unsigned int free_count;
};

/* Where the next child will stand: the child knows it by what it has of its parent's memory. */
unsigned int children_next_slot(const struct children *c);

/* network 0: the child will say. */
void children_add(struct children *c, pid_t pid, const struct network *network);
void children_tell(struct children *c, unsigned int slot, const struct network *network); /* in the child */
unsigned int children_reap(struct children *c); /* collects those that have ended; says how many */
unsigned int children_of(const struct children *c, const struct network *network);
void children_signal(const struct children *c, int signal);
void children_keep(const struct children *c); /* into a memfd named in $SERVE_CHILDREN, for the next image */

/* Before the first child: those of the earlier image; false if there is none. most: how many more there may be.
   is_shared: children will tell who their client is. */
bool children_take(struct children *c, unsigned int most, bool is_shared);

#endif
