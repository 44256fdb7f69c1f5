/* store: what was counted, in state/tlsrpt/counts (SQLite), by one process alone. A period is open and gets what is
   counted; it ends with the UTC day (RFC 8460 4.1), or when its reports are asked for. Then each of its domains has a
   report that is due at a time, and stays until it was sent or nobody wants it.

   Counts are written by tlsrpt_store_flush; what is said of reports is synced at once. No domain, and all domains together,
   take more than a bounded place: what goes beyond is summed up, or counted as lost. */

#ifndef TLSRPT_STORE_H
#define TLSRPT_STORE_H

#include "tlsrpt/session.h"
#include "tlsrpt/sql.h"

enum {
  TLSRPT_DOMAINS_MAX = 100000, /* of a period */
  TLSRPT_POLICIES_MAX = 10,    /* of a domain; then one for each type, without its lines */
  TLSRPT_FAILURES_MAX = 50     /* of a policy; then one for each result, without the hosts */
};

struct tlsrpt_store {
  struct sql sql;
  int64_t period;  /* the open one; 0: there is none */
  uint64_t begin;  /* of it */
  uint64_t domains; /* that it has */
  uint64_t fresh;  /* sessions counted since the last commit */
  uint64_t lost;   /* sessions that are not counted, since this was said last */
};

struct tlsrpt_report {
  int64_t id;
  text domain;
  text name;           /* of the report: letters and digits; empty before it was tried */
  uint64_t begin, end; /* seconds since 1970; end is the first one that does not belong to it */
  uint64_t first;      /* when it was tried first; 0: not yet */
  uint64_t tries;
};
#define TLSRPT_REPORT_ZERO { .domain = TEXT_ZERO, .name = TEXT_ZERO }

struct tlsrpt_policy {
  int64_t id;
  const char *type, *lines, *patterns; /* stand until the next one; each line ended by a NUL */
  size_t lines_length, patterns_length;
  uint64_t good, bad;
};

struct tlsrpt_failure {
  int64_t id;
  const char *result, *source, *host, *helo, *ip, *reason, *information; /* stand until the next one */
  uint64_t count;
};

struct tlsrpt_delivery {
  int64_t id;
  text endpoint; /* a record: mail=ADDRESS or post=URI */
  text name;     /* under which a mail is queued, always the same */
};
#define TLSRPT_DELIVERY_ZERO { .endpoint = TEXT_ZERO, .name = TEXT_ZERO }

void tlsrpt_store_open(struct tlsrpt_store *s); /* or dies */
void tlsrpt_store_close(struct tlsrpt_store *s);

void tlsrpt_store_count(struct tlsrpt_store *s, const struct tlsrpt_session *session, uint64_t now);
void tlsrpt_store_flush(struct tlsrpt_store *s, bool is_synced);
bool tlsrpt_store_commit(struct tlsrpt_store *s, bool is_synced); /* for the store itself */

/* Ends the open period if its day is over, or (even_today) at once. Its reports are due within delay seconds, by chance. */
void tlsrpt_store_end(struct tlsrpt_store *s, uint64_t now, uint64_t delay, bool even_today);

/* The reports of ended periods that began at from or later, and before to, are due now. How many they are. */
uint64_t tlsrpt_store_hurry(struct tlsrpt_store *s, uint64_t from, uint64_t to, uint64_t now);

uint64_t tlsrpt_store_next_due(struct tlsrpt_store *s); /* UINT64_MAX: there is none */

/* A report that is due and nobody has: it is taken until the process ends, or it is put off. */
bool tlsrpt_store_take(struct tlsrpt_store *s, uint64_t now, struct tlsrpt_report *r);
void tlsrpt_store_free_all(struct tlsrpt_store *s); /* nobody has any: one that could not be put off, on a full disk, is free again */
void tlsrpt_store_put_off(struct tlsrpt_store *s, const struct tlsrpt_report *r, uint64_t due);
void tlsrpt_store_forget(struct tlsrpt_store *s, const struct tlsrpt_report *r);

void tlsrpt_store_add_delivery(struct tlsrpt_store *s, const struct tlsrpt_report *r, const text *endpoint);
bool tlsrpt_store_has_deliveries(struct tlsrpt_store *s, const struct tlsrpt_report *r); /* done ones count */
bool tlsrpt_store_next_delivery(struct tlsrpt_store *s, const struct tlsrpt_report *r, struct tlsrpt_delivery *d); /* one not done, behind d->id */
void tlsrpt_store_note_done(struct tlsrpt_store *s, const struct tlsrpt_delivery *d);

/* Walks: p->id and f->id are 0 at first. */
bool tlsrpt_store_next_policy(struct tlsrpt_store *s, const struct tlsrpt_report *r, struct tlsrpt_policy *p);
bool tlsrpt_store_next_failure(struct tlsrpt_store *s, const struct tlsrpt_policy *p, struct tlsrpt_failure *f);

/* For the operator: the latest report of a domain, which may still be counted; all periods and their domains as lines. */
bool tlsrpt_store_find(struct tlsrpt_store *s, const char *domain, uint64_t now, struct tlsrpt_report *r);
void tlsrpt_store_show(struct tlsrpt_store *s, text *out);

void tlsrpt_report_free(struct tlsrpt_report *r);
void tlsrpt_delivery_free(struct tlsrpt_delivery *d);

#endif
