/* guessing: mailadm auth: which networks and names have failed to log in, and what that means for them (lib/guess). */

#ifndef ADMIN_GUESSING_H
#define ADMIN_GUESSING_H

#include <stdbool.h>

/* NAME|NETWORK: a login, an address of somebody, control/backends' login, an IP address or network; what a log line or a list shows. */
void guessing_list(const char *const *arguments, bool is_json);
void guessing_show(const char *const *arguments, bool is_json);
void guessing_clear(const char *const *arguments, bool is_json); /* or "all" */

#endif
