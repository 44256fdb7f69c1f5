/* ad: what watch_ad follows a domain controller with: what it says of itself (ad_root.c), the entries that are read again (ad_entries.c), and
   the comparison with all that it has (ad_compare.c). */

#ifndef LDAPSYNC_AD_H
#define LDAPSYNC_AD_H

#include "ldapsync/usn.h"
#include "ldapsync/watch_state.h"

#define AD_SHOW_DELETED "1.2.840.113556.1.4.417" /* a control: tombstones are found as well */

enum {
  AD_POLL_MS = 100,    /* the controller is asked for its last number so often */
  AD_IDS = 2000,       /* so many entries to be read again are a comparison */
  AD_LINES = 65536     /* so many bytes of changed names as well */
};

struct ad_comparison {
  bool is_under_way;
  LDAP *ld;                 /* its connection: that of the changes only if there is no other */
  int message;              /* the search for its page */
  struct berval page;       /* the next one */
  text read_again, changed; /* meanwhile: objectGUIDs; lines of LDIF with names that somebody has left, each ended by a NUL */
  bool is_suspected;        /* something was hidden meanwhile */
  int64_t began_at, asked_at;
};

struct ad {
  struct watch *w;
  text contexts, filter;   /* the server's naming contexts, each ended by a NUL; people and groups */
  const char *context;     /* the one that the base is in */
  const char **attributes; /* of the profile, and what is read of an entry besides */
  struct usn_place place;  /* all up to there is in the replica, or will be when a comparison ends */
  bool is_whole;           /* ... it is */
  bool sees_deleted;       /* tombstones are shown to the login */
  struct ad_comparison comparison;
  int64_t ended_at, took_ms, due_at; /* of comparisons */
};

/* The server's last number. */
uint64_t ad_last_usn(struct ad *a);

/* Who it is, what it has, and its last number, into *a. */
void ad_read_root(struct ad *a);

/* Is the one at this connection the one that is followed, and as far? */
bool ad_is_same(struct ad *a, LDAP *ld);

/* Is there a tombstone that the login can see? */
bool ad_sees_deleted(struct ad *a);

/* The entries of these objectGUIDs as they are now: who is not found any more is gone. So are read those whose words a changed name is in. */
void ad_read_again(struct ad *a, const text *ids);

/* The entries of a page of the comparison go into the replica, but those that were read again since it began. False: one has no objectGUID. */
bool ad_store_page(struct ad *a, LDAPMessage *page);

/* A comparison has to begin from here on: what there is to know is not all known before that. */
void ad_need_comparison(struct ad *a);

/* Something has changed that the login is not shown: somebody may be gone. Who may see tombstones need not guess. */
void ad_suspect(struct ad *a);

int64_t ad_compare_ms(void); /* control/ldapcompare */
void ad_compare_begin(struct ad *a);
void ad_compare_go_on(struct ad *a);          /* waits for its page, as long as a poll does */
bool ad_compare_is_full(const struct ad *a);  /* no more changes can be taken until it ends */

#endif
