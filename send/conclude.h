/* conclude: what an attempt has come to is written down: marks in the queue file, what was said, the next time; or the
   file is removed. doc/queue.md, states Q2 to Q4. */

#ifndef SEND_CONCLUDE_H
#define SEND_CONCLUDE_H

#include "send/schedule.h"

/* All items are over. The attempt is closed, and its entry waits, rests with the operator, or is gone. */
void send_conclude(struct send_schedule *s, struct send_attempt *a);

/* No recipient is to be tried any more and none failed without a report: the file and its log go. */
void send_conclude_remove(struct send_schedule *s, struct send_attempt *a);

/* Recipients of one state get another, on the disk and in the envelope. False with errno: the file may have both. */
bool send_conclude_mark(struct send_attempt *a, enum envelope_state from, enum envelope_state to);

/* Those that are to be tried and are of who submitted the message, not copies, are held: he may not send any more. False with errno. */
bool send_conclude_bar(struct send_attempt *a);

/* After marks were changed otherwise: by what the envelope says now the message waits for its next time, rests with the
   operator, or is removed; the attempt is closed. */
void send_conclude_rest(struct send_schedule *s, struct send_attempt *a);

/* By the operator's word all that is still to be tried failed now: written down; a report may be due. False with errno. */
bool send_conclude_bounce(const struct send_schedule *s, struct send_attempt *a, const char *words);

/* The times of its attempts, and its lifetime. */
struct send_backoff send_conclude_backoff(const struct send_schedule *s, const struct envelope *e);

/* From when on its lifetime counts: its birth, or when its sender wanted it to go (RFC 4865). */
uint64_t send_conclude_start(const struct envelope *e);

/* The warning of a delay is queued, or not due after all: written down and synced. */
bool send_conclude_warned(struct send_attempt *a);

/* How long until the next time that an envelope from the disk names. */
uint64_t send_conclude_wait_ms(const struct send_schedule *s, const struct envelope *e);

#endif
