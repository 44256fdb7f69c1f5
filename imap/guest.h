/* guest: a session that asks for a public mailbox: who he is, by the uid that the kernel says, and which mailbox it is (N-32). */

#ifndef IMAP_GUEST_H
#define IMAP_GUEST_H

#include <sys/types.h>

#include "imap/share.h"

/* Does a mailbox of a person that may be read by IMAP have this uid? key and login: which, and his primary address. */
bool imap_guest_find(struct tables *policy, uid_t uid, text *key, text *login);

struct imap_guest {
  text user, login;  /* who asks */
  text name;         /* of the public mailbox */
  text record;       /* shared:NAME */
  uint64_t count;    /* so many there are */
  struct imap_share share;
};
#define IMAP_GUEST_ZERO { .user = TEXT_ZERO, .login = TEXT_ZERO, .name = TEXT_ZERO, .record = TEXT_ZERO, .share = { .top = TEXT_ZERO } }

/* By the folder that is named, or by number= of all there are. False: there is no such public mailbox. user and login are there. */
bool imap_guest_choose(struct imap_guest *g, struct tables *policy, const text *request);

#endif
