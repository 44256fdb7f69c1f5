/* lane: the way to one hop: the mailboxes here, or one destination of smtp-send. Each has a window of packets at once,
   which grows while it works and shrinks when it does not, and a line of messages that wait for room. A lane whose hop is
   out of reach rests; then one message probes it. Decisions only, no I/O. */

#ifndef SEND_LANE_H
#define SEND_LANE_H

#include "lib/record.h"
#include "send/rate.h"
#include "send/waiting.h"

struct send_link;

enum { SEND_PRIORITY_MAX = 9, SEND_LINES = 2 * SEND_PRIORITY_MAX + 1 };

/* A message's place in the line of one lane. It may stand in several: one that has no room does not hold up the others. */
struct send_stand {
  struct send_entry *entry;
  struct send_lane *lane;
  struct send_line *line;
  struct send_stand *previous; /* in it */
  struct send_stand *next;
  struct send_stand *sibling; /* of the same entry */
};

struct send_line {
  struct send_stand *first;
  struct send_stand *last;
};

enum send_lane_kind { SEND_LANE_LOCAL, SEND_LANE_REMOTE };

struct send_lane {
  enum send_lane_kind kind;
  text key;               /* the first packet to smtp-send; "" for the mailboxes */
  text name;              /* of it, for people: a domain, a host; ends with a NUL */
  struct send_lane *chain; /* of one hash slot */
  struct send_lane *ring_previous; /* among those with a line */
  struct send_lane *ring_next;
  struct send_line lines[SEND_LINES]; /* messages that wait for room here, by their priority */
  unsigned int lined;       /* a bit for each of them that is not empty */
  struct send_link *idle; /* connections that can take another message */
  unsigned int window;
  unsigned int active;    /* packets under way */
  bool is_busy;           /* it has packets under way, or a line */
  bool has_answered;      /* somebody was there, since this is a lane */
  size_t users;           /* recipients of open messages that go this way */
  unsigned int failures;  /* of the lane, one after another */
  uint64_t rest_until_ms;
  struct send_rate rate;  /* of its destination */
  uint64_t limited_until_ms; /* the rate is used up */
  text words;             /* what was said when it failed last; ends with a NUL */
  text status, remote;    /* ... the status, and by whom, "" if by nobody; of what is put off in a rest; each ends with a NUL */
};

struct send_lanes {
  struct send_lane *slots[1024];
  unsigned int ring_count;
  struct send_lane *ring; /* one of those with a line; 0: there is none */
  unsigned int busy; /* lanes to other hosts that have packets under way, or a line */
  struct send_lane local;
  unsigned int each_max; /* packets at once to one destination */
  const struct send_rates *rates;
};

void send_lanes_init(struct send_lanes *h, unsigned int local_max, unsigned int each_max);
void send_lanes_set_limits(struct send_lanes *h, unsigned int local_max, unsigned int each_max);
void send_lanes_set_rates(struct send_lanes *h, const struct send_rates *rates); /* they stay the caller's; again when they have changed */
struct send_lane *send_lane_find(struct send_lanes *h, const text *key); /* makes it if it is new */
void send_lane_release(struct send_lanes *h, struct send_lane *lane, uint64_t now_ms); /* frees it if it is of no use any more */
void send_lanes_sweep(struct send_lanes *h, uint64_t now_ms);                        /* the same for all */
void send_lanes_wake(struct send_lanes *h); /* no lane rests any longer: the operator says so */

const char *send_lane_destination(const struct send_lane *lane); /* a domain, or the host of a relay rule */
bool send_lane_is_limited(const struct send_lane *lane, uint64_t now_ms);
bool send_lane_rests(const struct send_lane *lane, uint64_t now_ms);
bool send_lane_has_room(const struct send_lane *lane);
void send_lane_begin(struct send_lanes *h, struct send_lane *lane);
void send_lane_end_well(struct send_lanes *h, struct send_lane *lane);
/* The window is halved; one that was down to a single packet fails for good, and the lane rests. is_dead: nobody was there; a lane that
   never had an answer rests at once. */
void send_lane_end_badly(struct send_lanes *h, struct send_lane *lane, const char *words, bool is_dead, uint64_t now_ms);

bool send_lane_has_line(const struct send_lane *lane);
void send_lane_stand(struct send_lanes *h, struct send_lane *lane, struct send_entry *e, bool in_front); /* once; behind those of its priority, or before them */
struct send_entry *send_lane_take(struct send_lanes *h, struct send_lane *lane);          /* the first one; 0: there is none */
void send_lanes_leave(struct send_lanes *h, struct send_entry *e);                        /* out of all lines */
struct send_lane *send_lanes_next_in_ring(struct send_lanes *h); /* round and round; 0: no line anywhere */

#endif
