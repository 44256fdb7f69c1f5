/* seen: \Seen of one user alone, in a folder of a public mailbox (N-94): the uids of what he has seen, in a file of the folder,
   "UIDVALIDITY SET". What the names of the files say of \Seen is then nobody's business, and stays as it is. */

#ifndef IMAP_SEEN_H
#define IMAP_SEEN_H

#include <stdbool.h>
#include <sys/stat.h>

#include "imap/sequence.h"

struct imap_seen {
  struct imap_sequence uids;    /* as the file has them */
  struct imap_sequence changed; /* by this command, and not written yet */
  bool is_added;                /* they are seen now; else they are not */
  struct stat status;           /* of the file that was read */
};

/* From now on of this user; KEY is the string's owner's. 0 (so it begins): \Seen is common. */
void imap_seen_of(const char *key);
bool imap_seen_is_own(void);

/* Reads the file if it is another one than before: *is_new. Another uidvalidity: nothing was seen. False with errno. */
bool imap_seen_read(struct imap_seen *s, int folder, uint32_t validity, bool *is_new);

/* Adds or removes, over what the file has now, and writes it. The folder is locked. False with errno: the file stands. */
bool imap_seen_write(struct imap_seen *s, int folder, uint32_t validity, const struct imap_sequence *uids, bool is_added);

void imap_seen_free(struct imap_seen *s);

#endif
