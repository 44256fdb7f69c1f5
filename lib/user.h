/* user: the numbers of a user of service/users, out of /etc/passwd, where service/setup puts them. Not by getpwnam: NSS
   would load libraries into a listener, and every fork of it would pay for them. */

#ifndef LIB_USER_H
#define LIB_USER_H

#include <sys/types.h>

uid_t user_uid(const char *name); /* dies if there is no such user */

#endif
