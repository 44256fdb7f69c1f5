/* schedule: what the parts of send-schedule share. There is one loop (send-schedule.c): it waits for descriptors and
   times, and lets each part work. The way of a message:

     scan, control > an entry (waiting) that is due > attempt: file and routes > link: deliver, smtp-send
                   < conclude: marks, next time, removal < outcomes <          > returns: reports to queue-add */

#ifndef SEND_SCHEDULE_H
#define SEND_SCHEDULE_H

#include "lib/queue.h"
#include "lib/tables.h"
#include "send/backoff.h"
#include "send/kept.h"
#include "send/lane.h"
#include "send/result.h"
#include "send/right.h"
#include "send/waiting.h"

enum send_source { SEND_SOURCE_LISTENING, SEND_SOURCE_SIGNALS, SEND_SOURCE_CALLER, SEND_SOURCE_LINK };

enum send_service { SEND_DELIVER, SEND_SMTP, SEND_REPORT, SEND_SIGN, SEND_SERVICES }; /* whom a link goes to */

struct send_settings {
  struct send_backoff backoff;
  uint64_t bounce_lifetime_seconds; /* of what has the null sender */
  unsigned int local_max;
  unsigned int remote_max;
  unsigned int each_max; /* of these for one destination */
  uint64_t connection_ms; /* so long a connection to another host takes further messages */
};

struct limits;

struct send_schedule {
  struct send_settings settings;
  int epoll;
  uint64_t now_ms;      /* monotonic: all timers */
  uint64_t now_seconds; /* calendar: what is written and shown */
  struct send_waiting waiting;
  struct send_list ready; /* new messages: before those that are due again */
  struct send_lanes lanes;
  struct send_rates rates;   /* control/destinationrate */
  struct limits *limits;     /* what it counts; 0: nothing yet */
  struct tables tables;
  struct send_rights rights;
  unsigned int attempts;  /* open */
  struct send_caller *callers;
  struct send_noted *noted; /* what the operator wants done with messages that are under way (send/wish.c) */
  bool has_noted_due;       /* the attempt of one of them has ended */
  struct send_link *links;
  struct send_kept kept;
  struct send_link *links_closed;
  unsigned int links_remote; /* connections to smtp-send */
  unsigned int links_idle;   /* of these, without work */
  unsigned int reports; /* on their way to dkim-sign or queue-add */
  uint64_t unsigned_since_ms; /* that dkim-sign is away (1: it hangs); 0: it is not */
  unsigned int hanging; /* deliveries here that do not come to an end */
  uint64_t srs_away_until_ms; /* srs-server did not answer: it is not waited for again before */
  uint64_t away_until_ms[SEND_SERVICES]; /* a service that could not be reached is asked again then */
  bool is_away[SEND_SERVICES];
  bool is_stopping;  /* nothing is begun; it ends, or renews itself, when what is under way has come to its end */
  bool is_renewing;
  bool wants_renewal; /* it was put off */
  uint64_t end_by_ms; /* what is under way then is not waited for, while it is stopping */
};

enum send_item_state { SEND_ITEM_WAITS, SEND_ITEM_RUNS, SEND_ITEM_OVER };

/* One destination of a recipient; mostly its only one. */
struct send_item {
  size_t recipient;     /* which of the envelope */
  struct send_lane *lane; /* while it waits or runs */
  char *address;
  char *mailbox;        /* KEY, of a local one */
  char *sender;         /* who the next one is told it is, if this attempt expanded the address to a forward; 0: the recipient's fact says it */
  char *detail;         /* of plus-addressing, if this attempt expanded the address; 0: the recipient's fact says it */
  char *hop_name;       /* for the log; 0: it went nowhere */
  enum send_item_state state;
  bool is_same;         /* nothing is sent for it: what becomes of an earlier recipient of this address becomes of it */
  struct send_result outcome;
  text remote, policy; /* who said it, and by which policy of TLS it was sent; they end with a NUL */
  bool is_passed_on; /* the next host reports on it, as was asked for */
  bool is_untried;   /* it was stopped while it waited: of it there is nothing to say */
};

/* A message that is open: its file, and where its recipients go. */
struct send_attempt {
  struct send_entry *entry;
  struct queue_file file;
  struct send_item *items;
  size_t count;
  size_t waiting;
  size_t running;
  size_t first_waiting; /* no item before it waits */
  size_t idle;          /* items that were over from the beginning: is_same, and what an earlier attempt has delivered */
  bool has_several;     /* a recipient leads to several destinations, of which those that are done are not written down before all are */
  bool is_again;        /* it may have been delivered already, before this attempt */
  bool is_stuck;        /* a minute ago nothing of it was under way, and not all was begun */
  bool goes_on;         /* what is left of it waits for room alone, and stands in line again at once */
  struct send_link *report; /* on its way to dkim-sign or queue-add */
};

#endif
