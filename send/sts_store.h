/* sts_store: the files of state/sts, one for each domain, written whole or not at all; who may change one at a time. */

#ifndef SEND_STS_STORE_H
#define SEND_STS_STORE_H

#include "send/sts_entry.h"

#define STS_FOLDER "state/sts"

enum { STS_STORE_MAX = 20000 }; /* domains; a new one takes the place of one that was not asked for longest */

/* How a domain is called here: in lower case, in A-labels, without a dot behind it. False: this is no domain that could have a
   policy. */
bool send_sts_store_name(text *domain, const char *name);

/* False: nothing is known of the domain. For who may search the folder, but read nothing there (smtp-send). */
bool send_sts_store_may_have(const char *domain);

/* False, and e is empty: nothing is known of the domain (what cannot be read is logged). */
bool send_sts_store_read(const char *domain, struct sts_entry *e);

/* Failure is logged: mail goes on with what was fetched. */
void send_sts_store_write(const char *domain, const struct sts_entry *e);
void send_sts_store_remove(const char *domain);
bool send_sts_store_names(text *domains); /* all, each ended by a NUL */

/* Waits until nobody else has the domain, so that it is fetched once: the others then find what came. waits false: comes
   back at once, false if somebody has it. One domain at a time; until the process ends or lets go. */
bool send_sts_store_lock(const char *domain, bool waits);
void send_sts_store_unlock(void);

/* Removes what a process that was killed while it wrote has left. */
void send_sts_store_sweep(void);

#endif
