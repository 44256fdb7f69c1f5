/* about: what is counted of each message that waits, for `qstat --summary`: why and where to. A word is kept once, however many
   messages share it. */

#ifndef SEND_ABOUT_H
#define SEND_ABOUT_H

#include "lib/tally.h"
#include "send/schedule.h"

/* Recipients of a message that wait for the same reason, for the same destination. */
struct send_about_part {
  struct send_plight *plight;
  size_t recipients;
};

struct send_about {
  uint64_t birth_seconds;
  uint64_t size_bytes;
  size_t count;
  struct send_about_part parts[];
};

/* By the states of the envelope and by what this attempt has come to, if it has; else by queue/log. Nothing if nothing is left to do. */
void send_about_note(struct send_attempt *a);

/* The entry goes. */
void send_about_forget(struct send_entry *e);

/* Adds it, as message number so many; how many recipients it has. */
size_t send_about_count(const struct send_about *about, struct tally *causes, struct tally *destinations, size_t number);

#endif
