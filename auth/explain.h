/* explain: what auth-server tells auth-test beside its answer (doc/calls.md, "The login"). */

#ifndef AUTH_EXPLAIN_H
#define AUTH_EXPLAIN_H

#include "auth/login.h"
#include "lib/record.h"

void explain_add(text *packet, const struct login_answer *l);

#endif
