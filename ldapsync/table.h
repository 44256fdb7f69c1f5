/* table: records that wait to be written, in the order they came; a key of each once. */

#ifndef LDAPSYNC_TABLE_H
#define LDAPSYNC_TABLE_H

#include "ldapsync/cdb_write.h"
#include "lib/names.h"

struct table {
  struct names keys; /* "KIND:KEY" */
  text records;      /* for each, in order: its length as 8 bytes, and its bytes */
};
#define TABLE_ZERO { NAMES_ZERO, TEXT_ZERO }

bool table_add(struct table *t, const char *kind, const char *key, const text *record); /* false: the key is there */

/* Walk: *key and *record start at 0. "KIND:KEY", and its record, which ends when the table is changed; 0 at the end. */
const char *table_next(const struct table *t, size_t *key, size_t *record, text *value);

/* The record of a key, for a sentence about the one that is there already. */
bool table_find(const struct table *t, const char *kind, const char *key, text *value);

void table_write(const struct table *t, struct cdb_write *w);
void table_free(struct table *t);

#endif
