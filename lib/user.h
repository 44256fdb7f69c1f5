/* user: the numbers of a user of service/users, out of /etc/passwd, where service/setup puts them. Not by getpwnam: NSS
   would load libraries into a listener, and every fork of it would pay for them. */

#ifndef LIB_USER_H
#define LIB_USER_H

#include <sys/types.h>

#include "lib/text.h"

uid_t user_uid(const char *name); /* dies if there is no such user */

/* The other way, of any user of this host: "uid-N" if /etc/passwd has no such one. full: the person's name, or empty; may be 0. */
void user_name(uid_t uid, text *name, text *full);

#endif
