/* waiting: every message of the queue in memory, few bytes each: found by id, and in the order of the next attempt.
   No I/O. Times are milliseconds of the monotonic clock. */

#ifndef SEND_WAITING_H
#define SEND_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/text.h"

struct send_attempt;
struct send_stand;
struct send_list;
struct send_about;

/* Who submitted messages that are here, and whether he still may (send/right.h). */
struct send_right {
  struct send_right *chain; /* of one hash slot */
  size_t count;             /* entries that are his */
  bool is_off;
  bool has_ended;           /* a moment ago: what he has here is held now */
  const char *reason;       /* why it is off */
  char key[];               /* policy_submitter */
};

struct send_entry {
  struct send_entry *chain;     /* of one hash slot */
  struct send_entry *previous;  /* in list */
  struct send_entry *next;
  struct send_list *list;       /* of those to be started; 0: it is in none */
  struct send_stand *stands;    /* in the lines of lanes without room (send/lane.h) */
  struct send_attempt *attempt; /* the one that is open; 0: none */
  struct send_right *right;     /* of who submitted it; 0: nobody in particular, or its file was not read yet */
  struct send_about *about;     /* what is counted of it; 0: its file was not read yet */
  text *had;                    /* record: destinations of recipients that lead to several, which have it; 0: none (send/items.h) */
  uint64_t due_ms;
  uint32_t place;               /* in the heap, from 1; 0: it is not waiting for a time */
  bool is_again;                /* it may have been delivered already */
  bool is_told;                 /* that it waits for a rate limit stands in its log */
  bool is_noted;                /* the operator wants something done with it when its attempt has ended */
  signed char priority;         /* -9 to 9: who stands before whom in a line */
  char id[];
};

struct send_list { /* first in, first out */
  struct send_entry *first;
  struct send_entry *last;
  size_t count;
};

struct send_waiting {
  struct send_entry **slots; /* hash by id */
  size_t slot_count;         /* a power of 2 */
  size_t count;
  struct send_entry **heap;  /* by due_ms, from 1 */
  uint32_t heap_count;
  size_t heap_size;
};

struct send_entry *send_waiting_find(const struct send_waiting *w, const char *id);
struct send_entry *send_waiting_add(struct send_waiting *w, const char *id); /* it must not be there yet */
void send_waiting_remove(struct send_waiting *w, struct send_entry *e);      /* out of everything, and freed */

void send_waiting_set_due(struct send_waiting *w, struct send_entry *e, uint64_t due_ms);
void send_waiting_forget_due(struct send_waiting *w, struct send_entry *e);
struct send_entry *send_waiting_first(const struct send_waiting *w); /* the next that is due; 0: none waits */

void send_list_add(struct send_list *l, struct send_entry *e); /* at the end; it may be in no other list */
void send_list_remove(struct send_entry *e);                   /* from whichever it is in */
struct send_entry *send_list_take(struct send_list *l);        /* the first; 0: empty */

#endif
