/* ad: what watch_ad follows a domain controller with, and the entries that it reads again (ad_entries.c). */

#ifndef LDAPSYNC_AD_H
#define LDAPSYNC_AD_H

#include "ldapsync/usn.h"
#include "ldapsync/watch_state.h"

struct ad {
  struct watch *w;
  text contexts, filter;   /* the server's naming contexts, each ended by a NUL; people and groups */
  const char *context;     /* the one that the base is in */
  const char **attributes; /* of the profile, and what is read of an entry besides */
  struct usn_place place;  /* all up to there is in the replica, or will be when is_comparing ends */
  bool is_whole;           /* ... it is */
  bool sees_deleted;       /* tombstones are shown to the login */
  bool is_comparing;
  struct berval page;      /* the next one of the comparison */
  int64_t began_at, ended_at, took_ms, due_at; /* of comparisons */
};

/* The entries of these objectGUIDs as they are now: who is not found any more is gone. So are read those whose words a changed name is in. */
void ad_read_again(struct ad *a, const text *ids);

/* An entry of a search for a->attributes goes into the replica; its objectGUID, 0: it has none. */
bool ad_store(struct ad *a, LDAPMessage *entry, unsigned char *id);

#endif
