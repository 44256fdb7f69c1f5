/* wish: what the operator wants done with one message: qctl retry, hold, release, delete, bounce. */

#ifndef SEND_WISH_H
#define SEND_WISH_H

#include "send/schedule.h"

enum send_wish { SEND_RETRY, SEND_HOLD, SEND_RELEASE, SEND_DELETE, SEND_BOUNCE, SEND_WISHES };

enum send_wish_result {
  SEND_WISH_FAILED = -1, /* the disk; it is in the log */
  SEND_WISH_RUNNING,     /* it is being tried at this moment: there is nothing more to do for a retry */
  SEND_WISH_NOTED,       /* it is being delivered or reported at this moment: done when that has ended, if it leaves something to do */
  SEND_WISH_HELD,        /* it is held, and what is held is not retried: release it */
  SEND_WISH_NOTHING,     /* there was nothing to do, as for a release of what is not held */
  SEND_WISH_DONE
};

bool send_wish_parse(const char *word, enum send_wish *wish);
/* because: what the sender of a bounced message is told. The entry may be gone afterwards. Of several wishes about a message that is
   under way the last one counts. */
enum send_wish_result send_wish_do(struct send_schedule *s, struct send_entry *e, enum send_wish wish, const char *because);

/* Does what was noted of those whose attempt has ended. */
void send_wish_go_on(struct send_schedule *s);

#endif
