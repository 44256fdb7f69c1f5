/* policy_submitter: who submitted a message that is queued, and whether he still may: what an account that is switched off has in the
   queue is not sent. */

#ifndef LIB_POLICY_SUBMITTER_H
#define LIB_POLICY_SUBMITTER_H

#include "lib/policy_owner.h"

/* By the facts of an envelope: "mailbox KEY", "backend LOGIN" or "login LOGIN"; "": nobody who has a right that could end (mail from
   other hosts, reports). */
const char *policy_submitter(const text *facts, text *key);

/* reason: a string that stays; of NO_RIGHT. */
enum policy_right policy_submitter_may(struct tables *tables, const char *key, const char **reason);

#endif
