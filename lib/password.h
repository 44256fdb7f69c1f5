/* password: hashes a password, and says whether a stored hash is of it. Takes as long as the hash wants: tens of ms. */

#ifndef LIB_PASSWORD_H
#define LIB_PASSWORD_H

#include "lib/text.h"

enum password_result { PASSWORD_UNKNOWN = -1, PASSWORD_WRONG, PASSWORD_RIGHT };

/* UNKNOWN: the scheme, or a hash that crypt(3) cannot take or that costs too much, or no SCRAM keys. A password that is empty or longer than SECRET_MAX is always WRONG. */
enum password_result password_check(const char *stored, const char *password);

/* Adds "{CRYPT}HASH" or "{ARGON2ID}HASH" by control/passwordscheme: yescrypt (the default), argon2id, sha512 or bcrypt. Dies if the file
   says another. */
void password_hash(text *stored, const char *password);
bool password_is_current(const char *stored); /* is this as password_hash would make it now, scheme and cost? */

bool password_costs_as(const char *stored, const char *other); /* does it take the same to check them: scheme and parameters? */

/* From now on what control/passwordscheme and control/scramiterations say at this moment: a server is not ended by what they say later. */
void password_keep_settings(void);

/* Adds "{SSHA256}HASH" of what is as random as a key itself: nobody can guess that, so the hash need not be slow. */
void password_seal(text *stored, const char *secret);

/* Adds "{SCRAM-SHA-256}KEYS" by control/scramiterations (25000); false if that is 0: none is wanted. */
bool password_scram(text *stored, const char *password);
bool password_scram_sha1(text *stored, const char *password); /* the same for SCRAM-SHA-1; false as well without control/scramsha1 */

#endif
