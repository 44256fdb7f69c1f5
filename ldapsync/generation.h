/* generation: one set of tables (design 6), built aside in tables/build.ID, checked, synced, called tables/ID, and made
   current by the renaming of one symlink. A crash at any point leaves the current one whole. */

#ifndef LDAPSYNC_GENERATION_H
#define LDAPSYNC_GENERATION_H

#include <sys/types.h>

#include "ldapsync/cdb_write.h"

struct generation {
  text id;
  text folder; /* tables/build.ID */
  struct cdb_write *policy, *auth, *relay, *token;
  gid_t auth_group, relay_group, token_group; /* -1: none, the files are their owner's alone */
};
#define GENERATION_ZERO { .id = TEXT_ZERO, .folder = TEXT_ZERO }

enum generation_result { GENERATION_SAME, GENERATION_NEW };

void generation_open(struct generation *g);  /* dies if it cannot; removes what a crash has left */
void generation_close(struct generation *g); /* finishes, syncs and checks the files, or dies */

void generation_discard(struct generation *g); /* removes what was written, instead of publishing it */

/* GENERATION_SAME if every record is as in the current one: then nothing is published. Dies if it cannot publish. */
enum generation_result generation_publish(struct generation *g);

bool generation_remove(const char *folder); /* false with errno */

#endif
