/* cdb_write: makes one CDB file. The only module that includes tinycdb's cdb.h to write. Keys must differ: the caller
   sees to that, since asking tinycdb costs nine times the whole. Any failure is kept until cdb_write_close. */

#ifndef LDAPSYNC_CDB_WRITE_H
#define LDAPSYNC_CDB_WRITE_H

#include <sys/types.h>

#include "lib/text.h"

struct cdb_write;

struct cdb_write *cdb_write_open(const char *path); /* a new file, mode 0600; 0 with errno */
void cdb_write_add(struct cdb_write *w, const char *kind, const char *key, const text *record);
size_t cdb_write_count(const struct cdb_write *w); /* how many were added */

/* Finishes, gives the file its mode and group (-1: as it is), syncs. False with errno. */
bool cdb_write_close(struct cdb_write *w, mode_t mode, gid_t group);

/* Are two files made here the same but for the value of the record that was added first? False also if one is not there. */
bool cdb_are_same(const char *path, const char *other);

#endif
