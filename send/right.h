/* right: who submitted what is queued, and whether he still may send. When an account is switched off or removed, or a backend's login
   is, its mail here is held (state h, doc/queue.md), and only the operator releases it: the kill switch. */

#ifndef SEND_RIGHT_H
#define SEND_RIGHT_H

#include "lib/envelope.h"
#include "send/waiting.h"

struct send_schedule;

struct send_rights {
  struct send_right *slots[1024];
  size_t count;
  uint64_t opens;   /* tables.opens when they were asked last */
  uint64_t look_ms; /* when they are asked whether there is another generation */
  bool has_ended;   /* one or more: the entries are walked */
  size_t slot;      /* where the walk is */
};

/* The entry is this submitter's: once its file was read. */
void send_right_note(struct send_schedule *s, struct send_entry *e, const struct envelope *envelope);

bool send_right_is_off(const struct send_entry *e);

/* Is there another generation of the tables? Costs a stat, and for a new one a look-up for each submitter who has mail here. */
void send_rights_look(struct send_schedule *s);

/* Holds some of what belongs to those whose right has ended. */
void send_rights_go_on(struct send_schedule *s);
bool send_rights_are_busy(const struct send_schedule *s);

/* Of an attempt of which nothing has begun: his recipients are held, on the disk. False: the disk refuses, nothing may begin. */
bool send_right_bar(struct send_attempt *a);

#endif
