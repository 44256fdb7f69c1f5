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

void send_sts_ask(struct sts *s, const char *domain); /* once; a domain that has none costs a look-up */
bool send_sts_is_match(const struct sts *s, const char *host);
void send_sts_free(struct sts *s);

#endif
