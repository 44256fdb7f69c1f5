/* sockets: the sockets that a listener was given: fd 0, and those that $SERVE_SOCKETS names ("4 5"), where tcp-bind listens
   on several addresses. */

#ifndef LIB_SOCKETS_H
#define LIB_SOCKETS_H

#include <poll.h>
#include <signal.h>

enum { SOCKETS_MAX = 16 };

struct sockets {
  struct pollfd list[SOCKETS_MAX];
  unsigned int count;
  unsigned int last; /* the one that was served last: the others have their turn first */
};

void sockets_take(struct sockets *s);                       /* they stay open for the next image */
void sockets_add(struct sockets *s, int fd);
int sockets_wait(struct sockets *s, const sigset_t *signals); /* one that has a connection; -1: a signal came */
void sockets_close(struct sockets *s);
void sockets_close_others(struct sockets *s);               /* in a child: all but fd 0, where its connection is */

#endif
