/* stamps: is everything that a build read still what it read? Control files, profiles, LDIF of the operator: by name, inode, size and times. The file that
   grows (sources.h) is not among them. */

#ifndef LDAPSYNC_STAMPS_H
#define LDAPSYNC_STAMPS_H

#include <stdint.h>

struct stamps {
  uint64_t files; /* of all but the next one */
  uint64_t uids;  /* of state/tables/uids, which the build writes itself */
};

void stamps_take(struct stamps *s); /* as they are now */

/* Before the files are read. Whatever is written to them afterwards has another time, even if it has the same size. */
void stamps_begin(struct stamps *s);

#endif
