/* conf_known: control/ in the memory of a server that forks for each connection, so that a child finds a setting by a stat, or
   by nothing if the file is missing and the folder has not changed. What it says is what the files say: each is compared
   with its inode, size and times when it is asked for, and only those are kept that had not been touched for seconds when
   they were read, so that a change always shows, whatever the clock of the file system. On a file system that is not known to
   keep such times here and now (NFS, FUSE) nothing is kept. */

#ifndef LIB_CONF_KNOWN_H
#define LIB_CONF_KNOWN_H

#include <time.h>

#include "lib/text.h"

void conf_learn(void);  /* in the parent, before each fork: looks at control/ once a second */
void conf_learn_at(time_t now); /* the same, for tests */
void conf_waited(void); /* in the child, when it has waited for its client: the folder may have changed since */

enum conf_known { CONF_UNKNOWN, CONF_ABSENT, CONF_KNOWN };
enum conf_known conf_known(const char *name, text *bytes); /* control/NAME. UNKNOWN: read the file */

#endif
