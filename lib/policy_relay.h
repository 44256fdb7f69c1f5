/* policy_relay: the relay rules of the tables (control/relayrules). */

#ifndef LIB_POLICY_RELAY_H
#define LIB_POLICY_RELAY_H

#include "lib/policy.h"

/* The rule of a type, "sender" (0: the null sender) or "recipient" (for an address) or "default" (0): first that of the address, then of its domain
   (T2: no other), then of the nearest domain above it that is written with a dot in front. */
enum lookup_result policy_relay_find(struct tables *tables, const char *type, const struct address *a, text *record);

/* Does a rule for the subject (ADDRESS, DOMAIN, .DOMAIN; "" is any) say something about the address? */
bool policy_relay_is_for(const char *subject, const struct address *a);

#endif
