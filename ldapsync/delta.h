/* delta: the records of a generation of changes: which ones differ from those of its base, and how. All of them, so that the base and these are the
   whole. */

#ifndef LDAPSYNC_DELTA_H
#define LDAPSYNC_DELTA_H

#include "ldapsync/generation.h"
#include "ldapsync/map.h"
#include "lib/tables.h"

enum delta_file { DELTA_POLICY, DELTA_AUTH, DELTA_FILES };
enum delta_change { DELTA_SAME, DELTA_NEW, DELTA_OTHER, DELTA_GONE };

struct delta_record {
  text record; /* empty: the base has one, and it is gone */
  bool is_there;
  char key[];  /* "KIND:KEY" */
};

struct delta_table {
  struct tables base;
  struct map all; /* of struct delta_record, by key */
};

struct delta {
  struct delta_table files[DELTA_FILES];
  text base;   /* the id of the generation that they differ from */
  size_t count;
};
#define DELTA_ZERO { .files = { { TABLES_ZERO, MAP_ZERO }, { TABLES_ZERO, MAP_ZERO } }, .base = TEXT_ZERO }

/* Dies if the tables of the generation cannot be opened. */
void delta_open(struct delta *d, const char *base);

/* What is to stand under a key; an empty record: nothing. What that changes. Dies if the base cannot be read. */
enum delta_change delta_put(struct delta *d, enum delta_file file, const char *kind, const char *key, const text *record);

void delta_write(const struct delta *d, struct generation *g);

/* Is it what the generation says, which is one of the changes? */
bool delta_check(const struct delta *d, const char *generation);

#endif
