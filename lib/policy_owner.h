/* policy_owner: whose a sender address is (N-101, T5, T6), and what else somebody may send as (control/sendas). */

#ifndef LIB_POLICY_OWNER_H
#define LIB_POLICY_OWNER_H

#include "lib/policy.h"

/* The one mailbox that holds the address alone: only it owns the address. "": nobody does. False: the tables cannot be
   read. A detail behind the delimiter changes nothing; an alias domain is followed. */
bool policy_owner(struct tables *tables, char delimiter, const struct address *sender, text *mailbox);

enum policy_right { POLICY_RIGHT_UNKNOWN = -1, POLICY_NO_RIGHT, POLICY_RIGHT };

/* May who has logged in as this mailbox send as the address? */
enum policy_right policy_may_send_as(struct tables *tables, const struct policy_facts *facts, const struct address *sender);

#endif
