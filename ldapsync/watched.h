/* watched: state/directory/ldap.ldif as ldap-watch knows it, which ldap-fetch may write too, with the files beside it:
   ldap.ids, the ids of its entries, and ldap.watch, how far the tables go; and whether the settings are still those that it began with. */

#ifndef LDAPSYNC_WATCHED_H
#define LDAPSYNC_WATCHED_H

#include <sys/stat.h>

#include "ldapsync/replica.h"

#define WATCHED_PATH "state/directory/ldap.ldif"

struct watched {
  text digest;        /* of what a full pass has written; empty: there is no file */
  size_t full, whole; /* how much that is; that with the changes behind it, which are whole */
  struct stat status; /* of the file that has it */
  bool is_ours;       /* the ids beside it are those of its entries: it may grow */
};
#define WATCHED_ZERO { .digest = TEXT_ZERO }

void watched_digest(const text *bytes, text *hex); /* SHA-256 */

/* All of these die if the disk refuses something. origin: as replica.h says. The caller holds source_lock for check and store. */
void watched_read(struct watched *w, text *bytes); /* empty if there is none */

/* What an earlier one has left. False: it does not belong together, and the replica is empty. is_published: the tables have all that the file has. */
bool watched_load(struct watched *w, struct replica *r, const struct profile *p, const char *origin, bool *is_published);

/* False: somebody else has written it, and it says something else than it did, and than the replica does; this is logged. True, and it is not ours: the same
   words, but their ids are not beside it until it is stored. */
bool watched_check(struct watched *w, const struct replica *r);

void watched_store(struct watched *w, struct replica *r, const char *origin);            /* the file says what the replica does: changes are put behind it, or it is written whole */
void watched_save(const struct watched *w, const struct replica *r, const char *origin); /* the tables have that: the cookie is good */
void watched_forget(void);                                                               /* no cookie is good */

/* Words that change when a control file or profile of the directory does. */
void watched_settings(text *words);

#endif
