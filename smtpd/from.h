/* from: whose addresses the From field of a submitted message names (L-12). */

#ifndef SMTPD_FROM_H
#define SMTPD_FROM_H

#include "smtpd/session.h"

/* header: the fields, as they are passed on. False: d says which address may not stand there. */
bool smtpd_from_check(const struct session *s, const char *header, size_t length, struct policy_decision *d);

#endif
