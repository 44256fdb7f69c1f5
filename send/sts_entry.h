/* sts_entry: what is known of the MTA-STS of one domain, as a file of state/sts holds it, and what follows from it; without
   I/O. Times are seconds since 1970. */

#ifndef SEND_STS_ENTRY_H
#define SEND_STS_ENTRY_H

#include "send/sts_policy.h"
#include "send/sts_record.h"

enum {
  STS_RETRY_SECONDS = 300,       /* between attempts, after one that failed (RFC 8461 3.3) */
  STS_REFRESH_SECONDS = 86400,   /* a policy is fetched anew when it is so old, or half its max_age (10.2) */
  STS_UNUSED_SECONDS = 90 * 86400 /* one that nobody has asked for so long is not */
};

struct sts_entry {
  bool has_policy;
  struct sts_policy policy;
  char id[STS_ID_MAX + 1]; /* the record's, when the policy was fetched */
  int64_t fetched, used;
  int64_t failed;          /* the last attempt, if it did; 0 */
  char failed_id[STS_ID_MAX + 1];
  text failure, reason;    /* of it: a type of RFC 8460 4.3.2, and a sentence */
};
#define STS_ENTRY_ZERO { .policy = STS_POLICY_ZERO, .failure = TEXT_ZERO, .reason = TEXT_ZERO }

/* False: the bytes are no entry, and e is empty. */
bool send_sts_entry_parse(struct sts_entry *e, const char *domain, const char *bytes, size_t length);
void send_sts_entry_format(const struct sts_entry *e, const char *domain, text *bytes);
void send_sts_entry_free(struct sts_entry *e); /* and empty */

bool send_sts_entry_is_valid(const struct sts_entry *e, int64_t now); /* max_age is not over */

/* What is to be done for a message, with this record: STS_RECORD_FOUND and its id. */
enum sts_step {
  STS_STEP_NONE,  /* there is no policy (that can be had now) */
  STS_STEP_USE,   /* the entry's */
  STS_STEP_FETCH
};
enum sts_step send_sts_entry_step(const struct sts_entry *e, enum sts_record_result record, const char *id, int64_t now);

/* Is the policy to be fetched anew, without anybody waiting for it? */
bool send_sts_entry_is_due(const struct sts_entry *e, int64_t now);
bool send_sts_entry_is_over(const struct sts_entry *e, int64_t now); /* nothing in it is worth to be kept */

/* What a fetch has given. */
void send_sts_entry_succeed(struct sts_entry *e, const struct sts_policy *p, const char *id, int64_t now);
void send_sts_entry_fail(struct sts_entry *e, const char *failure, const char *reason, const char *id, int64_t now);

#endif
