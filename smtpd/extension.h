/* extension: which service extensions (smtpd/role.h) a session is offered, and the answer to EHLO that says so. */

#ifndef SMTPD_EXTENSION_H
#define SMTPD_EXTENSION_H

#include "smtpd/session.h"

void session_check_extensions(void);               /* reads the settings of all, so that a bad one is told at the start */
void session_choose_extensions(struct session *s); /* those that are offered from now on */
void session_list_extensions(struct session *s);   /* in the answer to EHLO */
uint64_t session_hold_max(void);                   /* control/holdmax: seconds; 0: nothing is held */

#endif
