/* question: what whatif is asked: the words of its command line. */

#ifndef ADMIN_QUESTION_H
#define ADMIN_QUESTION_H

#include "lib/policy_case.h"

struct question {
  const char *from, *to, *ip, *login, *helo, *fingerprint, *at;
  const char *reverse, *listed, *header_from; /* 0: not said */
  bool is_tls, is_tls_optional, is_json;
  bool is_expect; /* about control/expect, and no message */
  const struct policy_port *port;
};

void question_read(struct question *q, const char *const *argv, const char *usage);

#endif
