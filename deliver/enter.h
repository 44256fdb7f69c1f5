/* enter: from root to a mailbox: its uid, its folder as the working directory. */

#ifndef DELIVER_ENTER_H
#define DELIVER_ENTER_H

#include "deliver/place.h"

enum { ENTER_HOMES_MAX = 16 };

/* control/homes, if control/systemusers wants system users; else none. The list is ended by 0. Dies of what is no absolute path. */
const char *const *enter_homes(void);

/* For the rest of the process. Never through a link; a folder of somebody else is not entered. False with a sentence, and
   errno. homes: below which of them a mailbox with an absolute path must be. */
bool enter_mailbox(const struct place *place, const char *const *homes, const char **error);
bool enter_existing_mailbox(const struct place *place, const char *const *homes, const char **error); /* ENOENT if nothing was delivered yet */

#endif
