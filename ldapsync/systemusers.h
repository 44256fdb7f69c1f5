/* systemusers: the users of /etc/passwd get mailboxes at home (P-29), if control/systemusers says so. */

#ifndef LDAPSYNC_SYSTEMUSERS_H
#define LDAPSYNC_SYSTEMUSERS_H

#include "ldapsync/accounts.h"

/* Adds accounts with the facts key=passwd-NAME, login=NAME, uid=, path=HOME/Maildir. Dies if the file cannot be understood. */
void systemusers_read(struct accounts *people, uint32_t minimum_uid);

/* Gives its place to one whose uid is nobody's here; false and a report if it is. */
bool systemuser_place(struct account *a, const struct uids *u);

#endif
