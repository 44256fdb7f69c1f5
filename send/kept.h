/* kept: connections to deliver processes that wait for their mailbox's next message, found by the mailbox's key. One that
   is kept saves the fork, the change of uid and the opening of the Maildir. Decisions only, no I/O. */

#ifndef SEND_KEPT_H
#define SEND_KEPT_H

#include <stdbool.h>

struct send_link;

enum { SEND_KEPT_SLOTS = 256, SEND_KEPT_MAX = 128 };

struct send_kept {
  struct send_link *slots[SEND_KEPT_SLOTS]; /* chained by next_idle */
  unsigned int count;
};

bool send_kept_add(struct send_kept *k, struct send_link *l);              /* false: enough are kept */
struct send_link *send_kept_take(struct send_kept *k, const char *mailbox); /* 0: there is none */
void send_kept_leave(struct send_kept *k, const struct send_link *l);       /* if it is among them */

#endif
