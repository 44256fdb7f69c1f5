/* verify: would the host that a domain is relayed to take this recipient? (S-26) smtp-send asks it. */

#ifndef SMTPD_VERIFY_H
#define SMTPD_VERIFY_H

#include "smtpd/session.h"

/* d is a decision to accept. It becomes a refusal if the host refuses, or a temporary one if it cannot be asked. */
void verify_recipient(const struct session *s, const struct address *recipient, struct policy_decision *d);

#endif
