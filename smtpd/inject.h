/* inject: who talks to smtp-receive -r inject: a process of this host, over the socket run/inject, whose uid the kernel
   tells. No password: whoever runs as a user is that user. */

#ifndef SMTPD_INJECT_H
#define SMTPD_INJECT_H

#include "smtpd/session.h"

void inject_begin(struct session *s); /* takes the caller's name as the login; a client from the network is sent away */
uid_t inject_uid(const struct session *s);

/* For MAIL, when the tables of the transaction are open: the caller's mailbox, and whether control/enforcesender is for
   him and this sender (0: the null sender): root and control/trustedusers may use any, everybody his own name. */
void inject_facts(struct session *s, const struct address *sender, struct policy_facts *f);

#endif
