/* client_check: what client-check found out about a client of port 25, and what follows: control/rbllist, reversecheck,
   helocheck. Asked at HELO or EHLO without waiting, if one of them is set; needed at the first RCPT. What does not come is
   nothing: mail flows without DNS. */

#ifndef SMTPD_CLIENT_CHECK_H
#define SMTPD_CLIENT_CHECK_H

#include "lib/address.h"
#include "lib/policy.h"

struct session;

struct client_check {
  text who; /* address and name that were asked about: said again after STARTTLS, they are not asked about again */
  bool is_asked;
  int call; /* to client-check, while the answer has not come; -1 */
  int64_t until_ms;
  text answer;
  bool is_decided;
  struct policy_decision decision;
  text warnings; /* header fields */
};
#define CLIENT_CHECK_ZERO { .who = TEXT_ZERO, .call = -1, .answer = TEXT_ZERO, .decision = POLICY_DECISION_ZERO, .warnings = TEXT_ZERO }

void client_check_begin(struct session *s);          /* the client has said its name; waits for what an earlier one is about */

/* RCPT: false: d refuses the client. Not for who is trusted, has logged in, is a backend, or is bypassed. */
bool session_check_client(struct session *s, const struct address *recipient, struct policy_decision *d);

#endif
