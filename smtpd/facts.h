/* facts: what a session knows, as lib/policy takes it, and a refusal's line in the log. */

#ifndef SMTPD_FACTS_H
#define SMTPD_FACTS_H

#include "smtpd/session.h"

bool session_know_client(struct session *s); /* anew, by the tables of this moment; false: they cannot be read */
struct policy_facts session_facts(const struct session *s);
void session_log_refused(struct session *s, const struct policy_decision *d, const char *recipient); /* 0: at MAIL */

#endif
