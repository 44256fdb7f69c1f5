/* tables: the published generation, tables/current/NAME.cdb. Keys and values: doc/tables.md. */

#ifndef LIB_TABLES_H
#define LIB_TABLES_H

#include "lib/lookup.h"
#include "lib/record.h"

struct tables {
  struct lookup *file;
  struct lookup *base; /* 0: the file has every record. Else it holds only what differs from this one, and an empty record is gone */
  text base_path;      /* tables/ID/NAME.cdb: one that stays is not opened anew with each change */
  text generation; /* its id, for log lines */
  bool is_for_children; /* lookup_open_to_read */
  text memo;       /* what was looked up of this generation (tables.c) */
  uint64_t opens;  /* how often another one was opened: who remembers something of the tables looks here whether it still holds */
};
#define TABLES_ZERO { .file = 0, .base = 0, .base_path = TEXT_ZERO, .generation = TEXT_ZERO, .memo = TEXT_ZERO }

/* Opens tables/current/NAME.cdb ("policy", "auth", "relay"), or opens it anew when another generation is current.
   Called once for each transaction; costs one stat when nothing has changed. False with errno: ESTALE if it is a generation of
   changes, whose base is not there or is none. */
bool tables_open(struct tables *t, const char *name);
bool tables_open_at(struct tables *t, const char *generation, const char *name); /* tables/GENERATION/NAME.cdb */
void tables_close(struct tables *t);

/* The record under "KIND:KEY". The key is looked up as it is: fold it first. A value that is no record is BROKEN. */
enum lookup_result tables_find(struct tables *t, const char *kind, const char *key, text *record);

/* Walks all records: *at starts at 0. Those of a base come first, with what they are now. ABSENT at the end. */
enum lookup_result tables_walk(struct tables *t, uint64_t *at, text *key, text *record);

/* May SCRAM be offered: has every login keys for it (tables-build)? Opens policy, as above; no tables: no. */
bool tables_offer_scram(struct tables *policy);
bool tables_offer_scram_sha1(struct tables *policy); /* the same of SCRAM-SHA-1, which control/scramsha1 asks for */

#endif
