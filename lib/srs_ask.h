/* srs_ask: what srs-server says about a sender that is rewritten, and about a recipient that is such a sender coming back. */

#ifndef LIB_SRS_ASK_H
#define LIB_SRS_ASK_H

#include "lib/policy.h"

/* what: "forward" or "reverse" (doc/calls.md). False: no answer. answer is a yes or a no. */
bool srs_ask(const char *what, const char *address, const char *domain, text *answer);

/* Is the recipient such a sender, at a domain of ours? Then d is the decision about it, and what it stands for is a destination
   if it was accepted. */
bool srs_return(struct tables *tables, const struct policy_facts *f, const struct address *recipient, struct policy_destinations *all,
                struct policy_decision *d);

#endif
