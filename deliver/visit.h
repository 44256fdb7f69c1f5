/* visit: a public mailbox, for the session of somebody who may use it: that session's request, from its uid, becomes a session under the
   public mailbox's uid, with his rights (N-32). */

#ifndef DELIVER_VISIT_H
#define DELIVER_VISIT_H

#include <sys/types.h>

#include "lib/tables.h"

enum { VISITS_MAX = 100 }; /* of one uid at once */

struct visit {
  struct tables *policy;
  const char *const *homes; /* deliver/enter.h */
  bool has_landlock;        /* it can be entered */
};

/* Is that the uid of the mailbox of a person who may read by IMAP? */
bool visit_is_guest(struct tables *policy, uid_t uid);

/* In a child that is root: answers the caller, becomes the mailbox's uid, and speaks with him on client until he ends. */
void visit_serve(const struct visit *v, int caller, const text *request, uid_t uid, int client);

#endif
