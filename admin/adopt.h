/* adopt: mailadm's command for mail whose owner has another key now: the user domain has changed (N-91), or an entry was made anew. */

#ifndef ADMIN_ADOPT_H
#define ADMIN_ADOPT_H

#include <stdbool.h>

extern bool adopt_all; /* --all: everybody whose folder has a number behind his name, if the one without is an orphan's */

/* USER [ FOLDER ]: his mailbox is that folder from now on, which is nobody's now. */
void adopt_run(const char *const *arguments, bool is_json);

#endif
