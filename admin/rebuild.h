/* rebuild: what mailadm has changed becomes tables, at once. */

#ifndef ADMIN_REBUILD_H
#define ADMIN_REBUILD_H

#include "lib/tables.h"

/* Runs bin/tables-build. The change is on disk whether this goes well or not: the sentence says so, if it does not. */
void rebuild_tables(const char *changed);

/* The same, where the operator has said yes to so many mailboxes and addresses that go. */
void rebuild_without(const char *changed, size_t mailboxes, size_t addresses);

/* Runs bin/tables-build --exchange: who gets whose mail, "KEY OTHER" a line. */
void rebuild_exchanged(const text *pairs);

/* Would tables-build take these bytes as control/relayrules/NAME, beside the other rules? Dies if not, and nothing is written. */
void rebuild_check_rule(const char *name, const text *bytes);

/* In the published tables, whatever source it is from. A table that is not there yet has nobody. */
bool rebuild_have(const char *kind, const char *name, text *record);

/* The group of this name. */
bool rebuild_have_group(const char *name, text *record);

/* A new file of control/FOLDER, which is made if it is missing; EXISTS says whose name it is if it is there. */
void rebuild_create(const char *folder, const char *name, const text *bytes, const char *exists);

bool rebuild_try(const char *folder, const char *name, const text *bytes); /* false: it is there */

/* Removes control/FOLDER/NAME. False if it is not there. */
bool rebuild_remove(const char *folder, const char *name);

#endif
