/* orphans: mail that nobody has any more: its entry has vanished, and its uid and folder stay its own (state/tables/uids). */

#ifndef ADMIN_ORPHANS_H
#define ADMIN_ORPHANS_H

#include <stdbool.h>

/* "PATH UID KEY" a line for each folder below mail/ that is there; or as JSON. */
void orphans_list(const char *const *arguments, bool is_json);

#endif
