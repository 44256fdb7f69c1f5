/* watched: state/directory/ldap.ldif as ldap-watch knows it, which ldap-fetch may write too; and whether the settings are
   still those that it began with. */

#ifndef LDAPSYNC_WATCHED_H
#define LDAPSYNC_WATCHED_H

#include <sys/stat.h>

#include "lib/text.h"

#define WATCHED_PATH "state/directory/ldap.ldif"

struct watched {
  text digest;        /* of what was read or written here; empty: there was none */
  struct stat status; /* of the file that has it */
};
#define WATCHED_ZERO { .digest = TEXT_ZERO }

void watched_digest(const text *bytes, text *hex); /* SHA-256 */

/* All of these die if the disk refuses something. */
void watched_read(struct watched *w, text *bytes);        /* empty if there is none */
bool watched_check(struct watched *w);                    /* false: somebody else has written something else */
void watched_write(struct watched *w, const text *bytes); /* if it says something else than what is there */

/* Words that change when a control file or profile of the directory does. */
void watched_settings(text *words);

#endif
