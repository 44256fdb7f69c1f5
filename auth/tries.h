/* tries: by whom and from where logins are tried, as auth-server counts them (auth/throttle, lib/guess). A client certificate is counted for
   nobody: what it says cannot be guessed, and a program that shows an old one at each login would keep out all who share its network. */

#ifndef AUTH_TRIES_H
#define AUTH_TRIES_H

#include "auth/attempt.h"

void tries_prepare(void); /* the parent, once */

void tries_unknown(text *who, const char *login);       /* a name that is nobody's */
void tries_network(const char *ip, text *network);      /* an IPv4 address, or the first half of an IPv6 one */
void tries_wait(uint64_t ms);

/* Waits as long as the failures before this one say. False: there were so many that it is not looked at, and the answer says so. */
bool tries_may(const struct attempt *a);
bool tries_are_refused(const struct attempt *a); /* as it is now, without waiting; the answer says so */
bool tries_is_known(const struct attempt *a); /* the name has logged in from there before, and has not failed too often since */
void tries_failed(const struct attempt *a);
void tries_right(const struct attempt *a);

#endif
