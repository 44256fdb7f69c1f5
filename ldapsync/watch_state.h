/* watch_state: what follows a directory server, whichever way it tells of changes: watch.c (RFC 4533), watch_ad.c (Active Directory). The
   part of it that is the same for both is in watch.c. */

#ifndef LDAPSYNC_WATCH_STATE_H
#define LDAPSYNC_WATCH_STATE_H

#include "ldapsync/replica.h"
#include "ldapsync/source.h"
#include "ldapsync/watched.h"

struct watch {
  struct source source;
  LDAP *ld;
  const char *uri;
  int message;          /* the search that does not end */
  struct replica replica;
  text origin, settings;
  struct watched file;
  int64_t changed_at;   /* the first change that the file does not have */
  int64_t again_at;     /* when tables are asked for again; 0: they have what the file has */
  int64_t again_ms;     /* how long that is after the last time */
  bool had_cookie, is_following, is_changed, has_deleted, is_unsaved;
};

int64_t watch_now_ms(void);
_Noreturn void watch_fail(const struct watch *w, int code, const char *what);
void watch_make_filter(const struct profile *p, text *filter); /* people and groups */
void watch_note_change(struct watch *w);
void watch_store(struct watch *w, LDAP *ld, LDAPMessage *entry, const unsigned char *uuid);
void watch_delete(struct watch *w, const unsigned char *uuid);
void watch_say(const struct watch *w, const char *event, const char *form);
bool watch_settle(struct watch *w);      /* what has come is written and published; false: begin anew */
bool watch_look_around(struct watch *w); /* nothing came for a while; false: begin anew */

#endif
