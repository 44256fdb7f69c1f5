/* sts: the MTA-STS policy of a domain (RFC 8461), as sts-fetch answers it (doc/calls.md). */

#ifndef SEND_STS_H
#define SEND_STS_H

#include "send/tlspolicy.h"

struct sts {
  bool is_asked;
  enum sts_state state;
  enum sts_mode mode;
  text answer;   /* of sts-fetch: mx=, policy=, error=, text= */
};
#define STS_ZERO { .answer = TEXT_ZERO }

/* The TXT record without which a domain has no policy (RFC 8461 3.1), to be asked for beside the MX; and what its answer spares: if
   there is none, and no policy is known from before (state/sts), which would hold all the same, nobody else is asked. */
void send_sts_question(struct dns_question *q, const char *domain);
void send_sts_take_answer(struct sts *s, const struct dns_question *q, const char *domain);

void send_sts_ask(struct sts *s, const char *domain); /* sts-fetch, once */
bool send_sts_is_match(const struct sts *s, const char *host);
void send_sts_free(struct sts *s);

#endif
