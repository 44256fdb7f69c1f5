/* keeper: starts the process that has the build in memory, asks it, and starts another one when it has ended: nothing that happens to it stays. From time to
   time, and when there is reason to, an heir begins beside it (resident.h) and takes its place. */

#ifndef LDAPSYNC_KEEPER_H
#define LDAPSYNC_KEEPER_H

/* What the keeper waits for, besides calls: to be waited for by who serves them. Dies if the system refuses. */
int keeper_notices(void);
void keeper_notice(void);

/* Everything that there is now, published; what tables-build would have ended with. */
int keeper_publish(void);

#endif
