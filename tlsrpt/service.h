/* service: what the parts of tls-report share: one process, one loop. */

#ifndef TLSRPT_SERVICE_H
#define TLSRPT_SERVICE_H

#include <poll.h>

#include "tlsrpt/store.h"

enum {
  TLSRPT_CALLERS_MAX = 200,
  TLSRPT_JOBS_MAX = 10 /* reports that are being sent at once */
};

struct tlsrpt_caller {
  int socket;
  bool is_root;
  int64_t until_ms; /* so long it may be silent */
};

enum tlsrpt_phase { TLSRPT_NOBODY, TLSRPT_FIND, TLSRPT_SIGN, TLSRPT_MAIL, TLSRPT_POST };

struct tlsrpt_job {
  enum tlsrpt_phase phase; /* what is asked now; TLSRPT_NOBODY: this one is free */
  int socket;
  int64_t until_ms;
  struct tlsrpt_report report;
  struct tlsrpt_delivery delivery;
  text body;               /* gzip */
  int mail;                /* the mail that is being signed; else -1 */
  bool is_open;            /* a delivery is to be tried again */
};

struct tlsrpt {
  struct tlsrpt_store store;
  struct tlsrpt_caller callers[TLSRPT_CALLERS_MAX];
  unsigned int caller_count;
  struct tlsrpt_job jobs[TLSRPT_JOBS_MAX];
  uint64_t now; /* seconds since 1970 */
  int64_t now_ms; /* of the monotonic clock */
  bool is_wanted; /* control/tlsreport */
  uint64_t delay; /* control/tlsreportdelay */
};

void tlsrpt_read_settings(struct tlsrpt *t);

/* Who calls: adds to the polls, then works on those that came back with something. Returns how many were added. */
void tlsrpt_callers_init(struct tlsrpt *t);
size_t tlsrpt_callers_wait(const struct tlsrpt *t, struct pollfd *polls, int64_t *wake_ms);
void tlsrpt_callers_work(struct tlsrpt *t, const struct pollfd *polls);
void tlsrpt_callers_accept(struct tlsrpt *t);

/* Reports on their way. */
size_t tlsrpt_jobs_wait(const struct tlsrpt *t, struct pollfd *polls, int64_t *wake_ms);
void tlsrpt_jobs_work(struct tlsrpt *t, const struct pollfd *polls);
void tlsrpt_jobs_start(struct tlsrpt *t);
bool tlsrpt_jobs_are_busy(const struct tlsrpt *t);

#endif
