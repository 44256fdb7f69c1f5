/* lookup: reads one CDB file. The only module that includes tinycdb's cdb.h to read (tables-build writes). */

#ifndef LIB_LOOKUP_H
#define LIB_LOOKUP_H

#include "lib/text.h"

struct lookup;

enum lookup_result { LOOKUP_BROKEN = -1, LOOKUP_ABSENT, LOOKUP_FOUND };

struct lookup *lookup_open(const char *path); /* 0 with errno */

/* The same for a process that forks for each connection: a child looks up a handful of keys and ends. To map a page of a
   large file costs it ten times what reading it does; so a large one is read, and where its hash tables are is inherited. */
struct lookup *lookup_open_to_read(const char *path);

bool lookup_reads(const struct lookup *l); /* is it large, and read? */

void lookup_close(struct lookup *l);          /* 0 is allowed */
bool lookup_is_at(const struct lookup *l, const char *path); /* is this still the file at path? one stat */
enum lookup_result lookup_find(struct lookup *l, const char *key, size_t length, text *value);

/* Walks all records in the order they were written: *at starts at 0. ABSENT at the end. */
enum lookup_result lookup_walk(struct lookup *l, size_t *at, text *key, text *value);

#endif
