/* link: a connection to another program, which does a piece of the work and says what became of it: mailbox-spawn (one
   recipient; kept for the mailbox's next message), smtp-send (the recipients of one message at one hop; kept while there
   is more), dkim-sign and queue-add (a report). */

#ifndef SEND_LINK_H
#define SEND_LINK_H

#include "send/schedule.h"

struct send_link {
  enum send_source source; /* SEND_SOURCE_LINK */
  enum send_service service;
  int socket;
  struct send_lane *lane;         /* 0: a report */
  struct send_attempt *attempt; /* 0: it is idle */
  char *mailbox;                /* KEY, of a link to mailbox-spawn */
  int report;                   /* that is being signed; else -1 */
  size_t *items;                /* which of the attempt's */
  size_t count;
  uint64_t opened_ms;
  uint64_t since_ms;            /* that it waits for an answer, or is idle */
  unsigned int in_turn;         /* messages one after another, and since when (send/turn.h) */
  uint64_t turn_since_ms;
  bool hangs;                   /* it waits for so long that it counts no more in its lane's window */
  struct send_link *next_idle;  /* of the same lane, or kept in the same slot */
  struct send_link *previous;   /* all of them */
  struct send_link *next;
};

/* Is there anybody to send it to, and room for it? */
bool send_link_has_room(const struct send_schedule *s, const struct send_lane *lane);

/* Start the work. False: the service is away, nothing has changed; or the mailbox hangs, and the item has ended: later. */
bool send_link_deliver(struct send_schedule *s, struct send_attempt *a, size_t item);
bool send_link_send(struct send_schedule *s, struct send_attempt *a, size_t item); /* it, and others of the same lane */
bool send_link_sign(struct send_schedule *s, struct send_attempt *a, const text *request, int report); /* true: the descriptor is its own now */
bool send_link_report(struct send_schedule *s, struct send_attempt *a, const char *id, int report);

void send_link_work(struct send_schedule *s, struct send_link *l); /* its socket can be read */
void send_link_give_up(struct send_schedule *s, struct send_link *l); /* as if it had ended without an answer */
void send_link_close(struct send_schedule *s, struct send_link *l);

/* All of them (links.c). */
void send_links_watch(struct send_schedule *s);                    /* ends those that were silent or idle too long */
void send_links_bury(struct send_schedule *s);                     /* frees the closed ones, between two passes */
bool send_links_are_busy(const struct send_schedule *s);
void send_links_cut(struct send_schedule *s); /* what is under way is not waited for: later */

#endif
