/* follow: a build that stays in memory, and takes in what changes in the directory: which records are other ones then. It does what is
   certain; of everything else it says so, and a full pass decides (doc/tables-publish.md). */

#ifndef LDAPSYNC_FOLLOW_H
#define LDAPSYNC_FOLLOW_H

#include "ldapsync/delta.h"
#include "ldapsync/sources.h"

enum follow_result {
  FOLLOW_AGAIN, /* only a full pass can tell; what is in memory is of no use any more */
  FOLLOW_SAME,  /* no record is another one */
  FOLLOW_DONE
};

struct follow {
  struct sources *sources;
  struct profile profile; /* of control/ldapprofile */
  struct delta delta;
  struct map known;       /* of struct follow_known: what stands in the file that grows, by DN */
  struct map holders;     /* of struct follow_holder: whose key it is */
  size_t addresses;       /* how many have a record */
  size_t come_mailboxes, gone_mailboxes, gone_addresses; /* by the last tail */
  unsigned int rounds;    /* how often the whole file was read */
  bool has_system_users;
  const char *why;        /* AGAIN: because of what */
};
#define FOLLOW_ZERO { .profile = PROFILE_ZERO, .delta = DELTA_ZERO, .known = MAP_ZERO, .holders = MAP_ZERO }

/* The build that was published as generation BASE. */
void follow_open(struct follow *f, struct sources *s, const char *base);

/* What has come to the file that grows, behind what was read of it; or all that is in it, if it was written anew. False: it is not there, or was cut off. */
bool follow_read(struct follow *f, text *bytes, bool *is_whole);
enum follow_result follow_bytes(struct follow *f, const text *bytes, bool is_whole);

#endif
