/* resident: the process that has the build in memory (tables-publish). It begins with a full pass, and then takes in what changes.

   An heir is one that begins beside another one: it reads everything and writes a generation that nobody uses yet, without the lock and without
   keeping anybody waiting; compares it with what the other one has published, if both have read the same; and takes its place with the next request. */

#ifndef LDAPSYNC_RESIDENT_H
#define LDAPSYNC_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "ldapsync/accounts.h"
#include "ldapsync/stamps.h"
#include "lib/id.h"

/* What it has read and published. */
struct resident_state {
  struct accounts_place watched;
  struct stamps stamps;
  char current[ID_MAX + 1];
  char aside[ID_MAX + 1]; /* an heir's that is not published yet; else empty */
  size_t changes; /* records that differ from the base */
  bool is_large;  /* they are many: a new base is due */
  bool has_times; /* the profile has conditions on a time */
  int64_t next_time; /* the next one of them (sources.h) */
};

struct resident_answer {
  int32_t code;  /* what tables-build would have ended with */
  bool is_again; /* it can not tell, and ends: another one, which begins anew, is to be asked */
  struct resident_state state;
};

/* Answers each byte on the socket, until the other end is closed. */
_Noreturn void resident_run(int socket);

/* The same for an heir. Its first answer is not asked for: that it is ready; or it ends, because there is nothing to inherit. other: what there is; 0: none. */
_Noreturn void resident_inherit(int socket, const struct resident_state *other);

#endif
