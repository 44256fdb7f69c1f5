/* policy_host: what follows from what the DNS says about a client of port 25: control/rbllist, reversecheck, helocheck. */

#ifndef LIB_POLICY_HOST_H
#define LIB_POLICY_HOST_H

#include "lib/policy.h"

enum policy_host_choice { POLICY_HOST_OFF, POLICY_HOST_DEFER, POLICY_HOST_REJECT, POLICY_HOST_SYNTAX, POLICY_HOST_KNOWN };

struct policy_host_choices {
  enum policy_host_choice reverse, helo;
  bool has_lists;
};

struct policy_host_choices policy_host_choices(void); /* what cannot be understood ends the program */
void policy_host_settings(void);                      /* the same, and each line of rbllist */

/* What is known of it: answer is client-check's (doc/calls.md); what is not in it counts as nothing. */
struct policy_host {
  const char *ip, *helo;
  const text *answer;
};

/* warnings: header fields for the message are added. */
void policy_host(const struct policy_host *h, struct policy_decision *d, text *warnings);

/* Whom this does not touch: who is known, and who is bypassed. bypass: policy_bypass's of the message. */
bool policy_host_is_spared(struct tables *tables, const struct policy_facts *facts, const char *bypass, const struct address *recipient);

#endif
