/* rewrite: senders of mail that is forwarded elsewhere, and recipients that are such senders coming back. srs-server knows
   how (lib/srs); here is when. */

#ifndef SMTPD_REWRITE_H
#define SMTPD_REWRITE_H

#include "smtpd/session.h"

/* Asks for another sender for each destination that needs one: senders becomes a list of them in the order of the destinations,
   each ended by a NUL, "" where it is the envelope's; empty if it is so for all. False if srs-server is out of reach. */
bool rewrite_senders(struct session *s, text *senders);
const char *rewrite_next(const text *senders, size_t *at);

/* Is the recipient such a sender, at a domain of ours? Then d is the decision about it, and what it stands for is a destination
   if it was accepted. */
bool rewrite_back(struct session *s, const struct policy_facts *f, const struct address *recipient, struct policy_destinations *all,
                  struct policy_decision *d);

#endif
