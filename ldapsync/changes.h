/* changes: state/directory/ldap.ldif grows at its end. Behind the entries of a full pass stand batches of changes, each written whole:

     # changes
     # id HEX                     what ldap-watch knows the entry by; others pass it over
     dn: ...                      an entry: it takes the place of what stood under this DN before
     ...

     # id HEX
     dn: ...                      nothing stands under this DN any more; a rename is this, and the entry with its new DN
     changetype: delete

     # end of changes

   What stands behind the last such end was cut off in the middle, and does not count. A DN is what its bytes are. A file without changes is LDIF as ever.
   Bytes to struct and back, no I/O. */

#ifndef LDAPSYNC_CHANGES_H
#define LDAPSYNC_CHANGES_H

#include "ldapsync/map.h"
#include "lib/ldif.h"

struct changes {
  struct ldif ldif;     /* after LDIF_BROKEN its error */
  size_t full;          /* the bytes of the full pass */
  size_t whole;         /* those, and the batches that are whole: what counts, and where a reader goes on later */
  size_t record, entry; /* where the record begins that was read last, with what stands above it, and the entry in it */
  size_t full_entries;  /* so many of the full pass were read, those that do not count with them */
  bool is_tail;
  struct map last;      /* DN to its last record among the changes */
};

/* A whole file: every entry that counts, once, in the file's order (which is not that of the keys, where there are changes). */
void changes_begin(struct changes *c, const char *bytes, size_t length);

/* A file that people write: there is no such thing as a change in it. */
void changes_begin_plain(struct changes *c, const char *bytes, size_t length);

/* What has come to a file behind `whole` bytes that were read before: of each DN that was changed the last word, an entry or is_deleted. */
void changes_begin_tail(struct changes *c, const char *bytes, size_t length);

enum ldif_result changes_next(struct changes *c, struct ldif_entry *e);
void changes_free(struct changes *c);

/* Of the record that was read last: its LDIF, which lies in the bytes; its id in hex, 0: it has none. */
const char *changes_ldif(const struct changes *c, size_t *length);
const char *changes_id(const struct changes *c, size_t *length);

/* A batch: begin, the deletions, then the entries, end. ldif: an entry's; of a deletion only the DN is taken. */
void changes_batch_begin(text *batch);
void changes_add_deletion(text *batch, const void *id, size_t id_length, const char *ldif, size_t length);
void changes_add_entry(text *batch, const void *id, size_t id_length, const char *ldif, size_t length);
void changes_batch_end(text *batch);

#endif
