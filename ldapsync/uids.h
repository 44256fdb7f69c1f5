/* uids: which mailbox key has which uid and which folder below mail/: given once and kept for good, in the text file
   state/tables/uids, "KEY UID DOMAIN/USER" a line, oldest first. A uid or a folder is never given to a second key, also
   when the first one's entry is gone. */

#ifndef LDAPSYNC_UIDS_H
#define LDAPSYNC_UIDS_H

#include <stdint.h>

#include "ldapsync/map.h"
#include "lib/text.h"

enum { UIDS_MAX = 0x7fffffff };

struct uids_entry {
  const char *key;
  const char *path;
  uint32_t uid;
  size_t age; /* 0 is the oldest */
};

struct uids {
  struct map by_key, by_uid, by_path; /* of struct uids_entry; a uid as it is written */
  text lines;                         /* the file */
  size_t count;
  uint32_t next;                   /* where to look for a free uid */
  bool is_there;                   /* there was a file */
  bool is_changed;
};
#define UIDS_ZERO { .by_key = MAP_ZERO, .by_uid = MAP_ZERO, .by_path = MAP_ZERO, .lines = TEXT_ZERO }

void uids_open(struct uids *u, uint32_t first); /* dies if the file cannot be read or a line of it is wrong */
const struct uids_entry *uids_find(const struct uids *u, const char *key);
const struct uids_entry *uids_owner(const struct uids *u, uint32_t uid); /* who has it; 0: nobody */

/* A new key. uid 0: the next free one. path is wanted; if it is somebody's, "~2", "~3"... is put behind it.
   0 if all uids are taken, or uid is. */
const struct uids_entry *uids_add(struct uids *u, const char *key, uint32_t uid, const char *path);

/* Lines "KEY OTHER": the two exchange uid and folder, and so mail, for good. False with a sentence in error: a key that is not there, or twice. */
bool uids_exchange(struct uids *u, const text *pairs, text *error);

bool uids_save(struct uids *u); /* if anything changed; false with errno */

#endif
