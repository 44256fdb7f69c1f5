/* sts_https: gets the policy of a domain from its policy host (RFC 8461 3.3). Once before: https_start. */

#ifndef SEND_STS_HTTPS_H
#define SEND_STS_HTTPS_H

#include "send/sts_policy.h"

enum sts_fetch_result {
  STS_FETCH_BLOCKED = -1, /* for a reason of our own: nothing is known about the other host */
  STS_FETCH_FAILED,
  STS_FETCH_DONE
};

struct sts_fetch {
  enum sts_fetch_result result;
  struct sts_policy policy;
  const char *failure; /* FAILED: a type of RFC 8460 4.3.2 */
  text reason;         /* not DONE: a sentence */
  text host;           /* the address that answered */
};
#define STS_FETCH_ZERO { .policy = STS_POLICY_ZERO, .failure = "", .reason = TEXT_ZERO, .host = TEXT_ZERO }

/* Within control/ststimeout. The domain is one in A-labels, in lower case. */
void send_sts_https_fetch(struct sts_fetch *f, const char *domain);
void send_sts_fetch_free(struct sts_fetch *f);

#endif
