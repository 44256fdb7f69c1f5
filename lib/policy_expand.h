/* policy_expand: all that one recipient leads to. What policy_trace is told of a branch:

   what                  | the branch                           | rule, from
   ----------------------|--------------------------------------|---------------------------------------------
   "address"             | an address, and how it was found     | policy_lookup's rule; file, or file and entry
   "mailbox"             | a mailbox that gets it               | "mailbox"; the entry
   "forwards"            | a mailbox that passes it on          | "forward"; the entry
   "group"               | a group                              | "group"; the entry
   "elsewhere"           | an address that is not here          | "remote", "relay-domain"; ""
   "full"                | a mailbox that has no room now       | "mailbox-full"; state/full/KEY
   "again"               | was met before in another branch     | "once"; ""
   "disabled"            | a mailbox that receives nothing      | "mailbox-disabled"; the entry
   "unknown"             | nobody's address                     | "unknown-user"; the domain's file
   "gone"                | a mailbox or group that is not there | "unknown-user"; ""
   "loop"                | leads back to itself                 | "address-loop"; ""
   "bad"                 | is no address that mail goes to      | "address-literal"; ""

   The last five are passed over: they alone are no way for the message. */

#ifndef LIB_POLICY_EXPAND_H
#define LIB_POLICY_EXPAND_H

#include "lib/policy_lookup.h"

struct expansion {
  struct tables *tables;
  const struct policy_facts *facts;
  const struct address *asked;
  bool is_public;      /* the client is a stranger: no internal addresses */
  struct policy_destinations found;
  struct names seen;   /* addresses, folded, and "mailbox:KEY" */
  const char *rule;    /* how the recipient itself was found */
  text from;           /* where */
  size_t steps, full;  /* full: how many of found have no room */
  bool is_broken, is_closed, is_loop, is_internal, must_ask;
  const char *excess;  /* a limit that was passed; 0 */
};

void policy_expansion_run(struct expansion *x);
void policy_expansion_free(struct expansion *x);

#endif
