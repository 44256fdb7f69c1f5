/* watch_ad: follows a domain controller of Active Directory, Samba's or Windows', that knows no RFC 4533: its changes by their numbers. */

#ifndef LDAPSYNC_WATCH_AD_H
#define LDAPSYNC_WATCH_AD_H

#include "ldapsync/watch_state.h"

bool watch_ad_is(struct watch *w);    /* is the server one? */
int watch_ad_follow(struct watch *w); /* as watch_run, from a connection that stands */

#endif
