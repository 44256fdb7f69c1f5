/* publish: asks tables-publish for tables made of what is there now (doc/calls.md). */

#ifndef LDAPSYNC_PUBLISH_H
#define LDAPSYNC_PUBLISH_H

/* What tables-build ended with: 0 if the tables have it all now; -1 if it cannot be asked. Everything but 0 is logged. */
int publish_ask(void);

#endif
