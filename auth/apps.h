/* apps: app passwords at the login (doc/mailadm.md, "App passwords"). */

#ifndef AUTH_APPS_H
#define AUTH_APPS_H

#include "lib/apppassword.h"
#include "lib/record.h"

/* Which of the app passwords of a mailbox (app:KEY of auth.cdb) was typed? False: none of them. */
bool apps_find(const text *record, const char *password, struct apppassword *found);

void apps_none(struct apppassword *app); /* no app password was right */

/* Keeps that it was used now, in state/apppasswords; at most once an hour. */
void apps_note(const char *id);

#endif
