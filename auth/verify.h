/* verify: is the password of an attempt what is stored of somebody's? By hashes, by asking the directory server, or from memory. */

#ifndef AUTH_VERIFY_H
#define AUTH_VERIFY_H

#include "auth/attempt.h"

void verify_prepare(void); /* the parent, once */

bool verify_is_remembered(const struct attempt *a); /* it was right a short while ago */
enum login_result verify_password(const struct attempt *a);
/* Is this a password of the stored hash, of a mailbox's key? The answer is remembered as a login is. */
bool verify_fits(const char *key, const char *stored, const char *password);
/* Are the keys that somebody has proved to have those of an empty password? It is nobody's, as it is where the password itself is said. */
bool verify_is_of_nothing(const struct attempt *a);

void verify_hash(text *stored, const char *password); /* adds a new hash, in its turn */
void verify_stranger(const char *password); /* as long as a wrong password takes where both forms of password-hash are stored */

#endif
