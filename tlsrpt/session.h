/* session: what smtp-send tells of one session with an MX (doc/calls.md): the facts of a report by RFC 8460 4, checked
   and brought to a bounded length, without I/O. */

#ifndef TLSRPT_SESSION_H
#define TLSRPT_SESSION_H

#include "lib/record.h"

enum {
  TLSRPT_LINES_MAX = 8192, /* bytes of a policy that are kept, and of its MX patterns; whole lines */
  TLSRPT_WORDS_MAX = 300   /* bytes of a reason */
};

struct tlsrpt_session {
  text domain;            /* whose policy it is; in lower case, A-labels */
  const char *type;       /* tlsa, sts or no-policy-found */
  const char *result;     /* "success", or a result type of RFC 8460 4.3 */
  text lines;             /* of the policy, each ended by a NUL */
  text patterns;          /* of the policy: MX hosts, each ended by a NUL */
  text source, host, helo, ip, reason, information; /* "" what is not known */
  uint64_t missed;        /* sessions before this one that could not be told */
};
#define TLSRPT_SESSION_ZERO { .domain = TEXT_ZERO, .type = "", .result = "" }

/* False with a word in *error: this is not such a packet. The struct is used again and again. */
bool tlsrpt_session_parse(struct tlsrpt_session *s, const text *packet, const char **error);
void tlsrpt_session_free(struct tlsrpt_session *s);

bool tlsrpt_session_is_good(const struct tlsrpt_session *s);

#endif
