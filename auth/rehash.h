/* rehash: who has just logged in by a hash that is not as new ones are gets a new one, where the store is ours (directory/NAME.ldif). */

#ifndef AUTH_REHASH_H
#define AUTH_REHASH_H

#include "auth/attempt.h"

/* The password of the attempt fits this stored hash of its secret: notes in the answer what is to be done. */
void rehash_note(const struct attempt *a, const char *stored);

/* Does it: asks password-store. After the client has been told, for it takes as long as two logins. */
void rehash_run(const struct login_answer *answer, const char *password);

#endif
