/* relay: commands about public mailboxes, carried out by a process that has the uid of the public mailbox (N-32).

   A session can open nothing outside its own mailbox. For a folder below Public/ it asks mailbox-spawn, which knows by the session's
   uid whose it is, and starts a second session, under the public mailbox's uid and with the rights that this user has there.
   The two speak IMAP over a pair of sockets: commands go there as the client wrote them, but for the tag, answers come back and
   go to the client as they are. What a user may not do, the process that could do it refuses.

   A mailbox that is selected keeps its process until something else is selected; any other command gets one of its own.
   What the operator gives holds from the next of these on. */

#ifndef IMAP_RELAY_H
#define IMAP_RELAY_H

#include "imap/names.h"
#include "imap/state.h"

/* True: the command was about a public mailbox, and is answered. */
bool imap_relay_run(struct imap_state *s);

/* Adds the folders of public mailboxes that this user may see. False: the reply is NO. */
bool imap_relay_list(struct imap_state *s, struct imap_names *names);

void imap_relay_end(struct imap_state *s); /* the one that is selected, if one is */

#endif
