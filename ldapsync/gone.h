/* gone: since when a mailbox has no entry any more: state/tables/gone, "KEY SECONDS" a line. Its mail stays (N-91); mailadm lists it. */

#ifndef LDAPSYNC_GONE_H
#define LDAPSYNC_GONE_H

#include "ldapsync/accounts.h"

/* Who has a uid and is not among the accounts is gone since now, or since the file says; who is back is taken out. The file is written
   if it is another one. False with errno. */
bool gone_note(const struct accounts *accounts, const struct uids *uids, uint64_t now);

#endif
