/* bindcache: passwords that a directory server has lately said to be right, as slow salted hashes in state/binds, for when none can be reached
   (control/bindcache; off by default). One file for each mailbox, KEY; only mail-auth reads them. */

#ifndef AUTH_BINDCACHE_H
#define AUTH_BINDCACHE_H

#include "lib/tables.h"

void bindcache_prepare(void); /* the parent, once */
bool bindcache_is_on(void);

/* Servers were asked, and none could be reached. For some seconds from then on is_out answers true, and nobody waits for them. */
void bindcache_note_outage(void);
bool bindcache_is_outage(void);

enum bindcache_result { BINDCACHE_ABSENT, BINDCACHE_WRONG, BINDCACHE_RIGHT };
enum bindcache_result bindcache_check(const char *key, const char *password); /* RIGHT: it was right within the time of control/bindcache */
void bindcache_keep(const char *key, const char *password);    /* a server has just said so */
void bindcache_refused(const char *key, const char *password); /* it has said no: it is forgotten, if it was this one */
void bindcache_forget(const char *key);

/* Drops what is too old, and what is of mailboxes that are gone or disabled, or whose password is no longer asked of a server. At most once an hour. */
void bindcache_sweep(struct tables *policy, struct tables *auth);

/* May its owner neither read, by any protocol, nor send? */
bool bindcache_is_disabled(const text *mailbox);

#endif
