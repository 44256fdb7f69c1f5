/* srs_ask: what srs-server says about a sender that is rewritten, and about a recipient that is such a sender coming back. */

#ifndef LIB_SRS_ASK_H
#define LIB_SRS_ASK_H

#include "lib/policy.h"

/* For the destinations of one message: the settings are read once, and what is asked for twice in a row is asked once. */
struct srs_ask {
  bool is_hasty;   /* an event loop asks: a service that is away is not waited for, and has 2 s for its answer */
  bool has_settings, is_wanted, is_away;
  text own_domain; /* control/srsdomain */
  text domain, answer; /* what was asked for last, and the answer */
  text address;
};
#define SRS_ASK_ZERO { .own_domain = TEXT_ZERO, .domain = TEXT_ZERO, .answer = TEXT_ZERO, .address = TEXT_ZERO }

/* The sender to tell at this destination instead of the envelope's (0: the null sender), in f->address; "" if it is to stay, or
   cannot be rewritten. False: srs-server is out of reach, and is not asked again for this message. */
bool srs_ask_forward(struct srs_ask *f, struct tables *tables, const struct address *sender, const struct policy_destination *one);
void srs_ask_free(struct srs_ask *f);

/* Is the recipient such a sender, at a domain of ours? Then d is the decision about it, and what it stands for is a destination
   if it was accepted. */
bool srs_return(struct tables *tables, const struct policy_facts *f, const struct address *recipient, struct policy_destinations *all,
                struct policy_decision *d);

#endif
