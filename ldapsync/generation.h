/* generation: one set of tables (design 6), built aside in tables/build.ID, checked, synced, called tables/ID, and made
   current by the renaming of one symlink. A crash at any point leaves the current one whole. */

#ifndef LDAPSYNC_GENERATION_H
#define LDAPSYNC_GENERATION_H

#include <sys/types.h>

#include "ldapsync/cdb_write.h"

struct generation {
  text id;
  text folder; /* tables/build.ID */
  text base;   /* of a generation of changes: the id of that which it changes; else empty */
  size_t changes; /* how many records of a generation of changes differ from its base's */
  struct cdb_write *policy, *auth, *relay, *token;
  gid_t auth_group, relay_group, token_group; /* -1: none, the files are their owner's alone */
};
#define GENERATION_ZERO { .id = TEXT_ZERO, .folder = TEXT_ZERO, .base = TEXT_ZERO }

enum generation_result { GENERATION_SAME, GENERATION_NEW };

void generation_open(struct generation *g);  /* dies if it cannot; removes what a crash has left */

/* A generation of changes: of each file only the records that are other ones than in generation BASE, all of them; an empty record
   is one that BASE has and that is gone. table:generation is added first, as ever, and tells of the whole; table:base is added here.
   False if BASE is not kept, or is one of changes itself: then a whole one must be made. Whoever holds state/tables/lock
   since he chose BASE still finds it. */
bool generation_open_changes(struct generation *g, const char *base);
/* One that is made while others are published: without the lock, in tables/aside.ID; one at a time. generation_keep calls it tables/ID, and it is
   not current yet; generation_publish does, and makes it current. */
void generation_open_aside(struct generation *g);
void generation_clean_aside(const char *id); /* removes all of tables/aside.* but this one */
void generation_keep(struct generation *g);

void generation_close(struct generation *g); /* finishes, syncs and checks the files, or dies */

void generation_discard(struct generation *g); /* removes what was written, instead of publishing it */

/* GENERATION_SAME if every record is as in the current one: then nothing is published. (A whole generation is never the same as
   one of changes: it is published, so that those end.) Dies if it cannot publish. */
enum generation_result generation_publish(struct generation *g);

bool generation_remove(const char *folder); /* false with errno */

#endif
