/* replica: the directory as ldap-watch holds it in memory: each entry's LDIF under its entryUUID, and how far it goes (the
   cookie). Bytes in, bytes out, no I/O: the file that tables are made of, and the file beside it with what that one does
   not say (the cookie, the ids), so that a start need not fetch everything again. */

#ifndef LDAPSYNC_REPLICA_H
#define LDAPSYNC_REPLICA_H

#include "ldapsync/profile.h"
#include "ldapsync/syncvalue.h"

struct replica_entry; /* one */

struct replica {
  struct replica_entry **slots; /* by id: a power of two of chains */
  size_t room, count;
  struct replica_entry **sorted; /* all, by key and DN; valid if is_sorted */
  bool is_sorted;
  unsigned int refresh;         /* counts refreshes: who was seen in this one */
  text cookie;
};
#define REPLICA_ZERO { .cookie = TEXT_ZERO }

void replica_set(struct replica *r, const unsigned char *uuid, const text *key, const text *ldif); /* added, or as it is now */
bool replica_delete(struct replica *r, const unsigned char *uuid);                                 /* false: it was not there */
void replica_clear(struct replica *r);

/* A refresh in which the server says who is present: begin, see each, then delete who was not seen. */
void replica_refresh_begin(struct replica *r);
bool replica_see(struct replica *r, const unsigned char *uuid); /* false: it is not there */
size_t replica_delete_unseen(struct replica *r);

/* The file: what ldap-fetch writes of the same directory, byte for byte. */
void replica_format(struct replica *r, text *file);

/* The file beside it. origin: one line that says of which server, base and profile it is; digest: of the file, in hex. */
void replica_state_format(struct replica *r, const char *origin, const char *digest, text *state);

/* Both into an empty replica. False, and it stays empty, if they do not belong together or are of another origin. */
bool replica_parse(struct replica *r, const struct profile *p, const text *file, const text *state, const char *origin, const char *digest);

#endif
