/* result: what became of one recipient at one attempt, as deliver and smtp-send say it (doc/calls.md). Pure. */

#ifndef SEND_RESULT_H
#define SEND_RESULT_H

#include "lib/said.h"

struct send_result {
  enum said_verdict verdict;
  text status; /* RFC 3463; "" if none. Both texts end with a NUL. */
  unsigned int code;
  text text;
};
#define SEND_RESULT_ZERO { SAID_LATER, TEXT_ZERO, 0, TEXT_ZERO }

#define SEND_TEXT_MAX 1000 /* of what the other side said, so many bytes are kept */

/* A recipient= value: "never 5.1.1 550 user unknown". False, and `later`, if it is not one. */
bool send_result_parse(struct send_result *o, const char *value);

void send_result_set(struct send_result *o, enum said_verdict verdict, const char *status, const char *text);
void send_result_free(struct send_result *o);

/* Does it speak of the hop rather than of the recipient: no connection, not the TLS that is demanded, or 421? */
bool send_result_is_of_hop(const struct send_result *o);

#endif
