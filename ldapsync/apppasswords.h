/* apppasswords: control/apppasswords/KEY: the app passwords of a mailbox, whoever owns its entry (mailadm apppassword). */

#ifndef LDAPSYNC_APPPASSWORDS_H
#define LDAPSYNC_APPPASSWORDS_H

#include "ldapsync/table.h"

void apppasswords_read(struct table *auth); /* app:KEY of auth.cdb. Dies with file and line if one cannot be understood. */

#endif
