/* master: who may log in as somebody else (N-96, N-97, T14): control/masters, by `john*master` and the master's own password, or by
   SASL PLAIN with john as the authorization identity (RFC 4616). */

#ifndef AUTH_MASTER_H
#define AUTH_MASTER_H

#include "auth/attempt.h"
#include "lib/tables.h"

#define MASTER_RESERVED "vmail" /* a master who is no user: his hash is in control/vmail (mailadm master vmail) */

/* "john*master", by control/masterseparator; both parts folded. False: it is not of that form. */
bool master_split(const char *said, text *user, text *master);

bool master_is_reserved(const char *login);
bool master_secret(text *record); /* of the reserved one, as in auth.cdb; false: he has none, and nobody is he */

/* Somebody has proved who he is: may he act for a->try->acts_for, and then the answer is about that one. Else why not. */
const char *master_act(const struct attempt *a, struct tables *policy);

#endif
