/* password: hashes a password, and says whether a stored hash is of it. Takes as long as the hash wants: tens of ms. */

#ifndef LIB_PASSWORD_H
#define LIB_PASSWORD_H

#include "lib/text.h"

enum { PASSWORD_MAX = 1024 }; /* bytes; a hash must not be fed more by strangers */

enum password_result { PASSWORD_UNKNOWN = -1, PASSWORD_WRONG, PASSWORD_RIGHT };

/* UNKNOWN: the scheme, or a hash that crypt(3) cannot take. An empty password is always WRONG. */
enum password_result password_check(const char *stored, const char *password);

/* Adds "{CRYPT}HASH" by control/passwordscheme: yescrypt (the default), sha512 or bcrypt. Dies if the file says another. */
void password_hash(text *stored, const char *password);

/* False with a sentence in *why: empty, longer than PASSWORD_MAX. */
bool password_is_fit(const text *password, const char **why);

#endif
