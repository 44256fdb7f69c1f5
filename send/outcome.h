/* outcome: what happened to one recipient at one attempt (doc/calls.md, "The outcome"). */

#ifndef SEND_OUTCOME_H
#define SEND_OUTCOME_H

#include "lib/record.h"
#include "send/reply.h"

enum outcome_kind { OUTCOME_OPEN, OUTCOME_DONE, OUTCOME_LATER, OUTCOME_NEVER }; /* open: not decided yet */

struct outcome {
  enum outcome_kind kind;
  char status[REPLY_STATUS_MAX]; /* RFC 3463 */
  unsigned int code;             /* 0: ours, not the server's */
  bool is_left;                  /* later, because there were too many: may be tried at once (send/recipient) */
  text words;
};
#define OUTCOME_ZERO { .kind = OUTCOME_OPEN, .words = TEXT_ZERO }

const char *send_outcome_name(enum outcome_kind kind);

/* Ours: the words are joined, ended by (const char *)0. */
void send_outcome_say(struct outcome *o, enum outcome_kind kind, const char *status, ...) __attribute__((sentinel));

/* The server's: done, later or never by the first digit; anything else than 2, 4, 5 is later. detail: the status's last two
   parts if the server gave none. */
void send_outcome_take(struct outcome *o, const struct reply *reply, const char *detail);

void send_outcome_defer(struct outcome *o); /* what was never is later, with the status 4.x.x */

void send_outcome_copy(struct outcome *o, const struct outcome *other);
void send_outcome_add(text *record, const struct outcome *o, size_t words_max); /* adds one recipient= */
void send_outcome_free(struct outcome *o);

#endif
