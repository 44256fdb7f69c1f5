/* replica: the directory as ldap-watch holds it in memory: each entry's LDIF under its entryUUID, how far it goes (the
   cookie), and what of it the file does not have yet. Bytes in, bytes out, no I/O: the file that tables are made of, whole or
   the batch of changes that makes it right (changes.h), and two beside it with what that one does not say (the cookie; the
   ids), so that a start need not fetch everything again. */

#ifndef LDAPSYNC_REPLICA_H
#define LDAPSYNC_REPLICA_H

#include "ldapsync/profile.h"
#include "ldapsync/syncvalue.h"

struct replica_entry {
  struct replica_entry *next, *next_dn; /* of its chains */
  unsigned char uuid[SYNCVALUE_UUID];
  unsigned int seen;          /* in which refresh */
  bool is_changed;            /* the file does not have it so */
  size_t key_length, ldif_length;
  char *key;                  /* ended by a NUL; its LDIF lies behind it */
};

struct replica {
  struct replica_entry **slots, **dns; /* by id, by DN: a power of two of chains */
  size_t room, count;
  struct replica_entry **sorted; /* all, by key and DN; valid if is_sorted */
  bool is_sorted;
  unsigned int refresh;         /* counts refreshes: who was seen in this one */
  text cookie;
  uint64_t sum, file_sum;       /* of the entries' hashes, as they are and as the file had them when it was made right */
  text gone, changed;           /* since the file was made right: deletions as it will have them; ids */
};
#define REPLICA_ZERO { .cookie = TEXT_ZERO, .gone = TEXT_ZERO, .changed = TEXT_ZERO }

static inline const char *replica_ldif(const struct replica_entry *e) { return e->key + e->key_length + 1; }

bool replica_add(struct replica *r, const unsigned char *uuid, const text *key, const text *ldif); /* as the file has it; false: the id is there */
bool replica_set(struct replica *r, const unsigned char *uuid, const text *key, const text *ldif); /* false: it is so already */
bool replica_delete(struct replica *r, const unsigned char *uuid);                                 /* false: it was not there */
void replica_clear(struct replica *r);

const char *replica_find(struct replica *r, const unsigned char *uuid, size_t *length); /* its LDIF; 0: it is not there */
void replica_walk(const struct replica *r, void (*each)(void *to, const unsigned char *uuid, const char *ldif, size_t length), void *to);

/* A refresh in which the server says who is present: begin, see each, then delete who was not seen. */
void replica_refresh_begin(struct replica *r);
bool replica_see(struct replica *r, const unsigned char *uuid); /* false: it is not there */
size_t replica_delete_unseen(struct replica *r);

/* The file: what ldap-fetch writes of the same directory, byte for byte. */
void replica_format(struct replica *r, text *file);

/* What is put behind it to make it right; empty: nothing has changed. And once it is there: */
void replica_changes_format(struct replica *r, text *batch);
void replica_changes_forget(struct replica *r);

/* Does this file have the entries that the one before had, or those that are known now? */
bool replica_is_of(const struct replica *r, const text *file);

/* Beside it: the ids of a file without changes, in its order; and how far it goes, and how much of the file (bytes) the tables have.
   origin: one line that says of which server, base and profile it is; digest: of the file without its changes, in hex. */
void replica_ids_format(struct replica *r, const char *origin, const char *digest, text *ids);
void replica_state_format(const struct replica *r, const char *origin, const char *digest, size_t length, text *state);

struct replica_files {
  const text *file, *ids, *state;
};

/* All three into an empty replica. False, and it stays empty, if they do not belong together or are of another origin. */
bool replica_parse(struct replica *r, const struct profile *p, const struct replica_files *f, const char *origin, const char *digest, uint64_t *length);

#endif
