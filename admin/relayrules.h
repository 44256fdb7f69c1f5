/* relayrules: the relay rules of control/relayrules from the command line (N-87): each is one file, which tables-build has to understand,
   beside all the others, before it is written. A password is read from fd 0 and never shown. */

#ifndef ADMIN_RELAYRULES_H
#define ADMIN_RELAYRULES_H

#include <stdbool.h>

extern bool relayrules_asks; /* --password: set reads one from fd 0; an empty line keeps the one that is stored */

/* NAME KEY=VALUE...: as tables-build.md has them. With a login, and no token, the password is read. */
void relayrules_add(const char *const *arguments, bool is_json);
void relayrules_set(const char *const *arguments, bool is_json); /* these keys become these; KEY= : none. Not type, not subject */
void relayrules_enable(const char *const *arguments, bool is_json);
void relayrules_disable(const char *const *arguments, bool is_json);
void relayrules_delete(const char *const *arguments, bool is_json);
void relayrules_list(const char *const *arguments, bool is_json); /* also those that are disabled */

#endif
