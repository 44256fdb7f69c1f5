/* question: what whatif is asked: the words of its command line. */

#ifndef ADMIN_QUESTION_H
#define ADMIN_QUESTION_H

#include "lib/policy.h"

struct question {
  const char *from, *to, *ip, *port, *login, *helo, *fingerprint, *at;
  const char *reverse, *listed, *header_from; /* 0: not said */
  bool is_tls, is_tls_optional, is_json;
  const char *role; /* by the port */
  enum policy_role policy;
  bool is_private;  /* the port's sessions are encrypted, or on this host */
};

void question_read(struct question *q, const char *const *argv, const char *usage);

#endif
