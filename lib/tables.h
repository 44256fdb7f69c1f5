/* tables: the published generation, tables/current/NAME.cdb. Keys and values: doc/tables.md. */

#ifndef LIB_TABLES_H
#define LIB_TABLES_H

#include "lib/lookup.h"
#include "lib/record.h"

struct tables {
  struct lookup *file;
  text generation; /* its id, for log lines */
  bool is_for_children; /* lookup_open_to_read */
  text memo;       /* what was looked up of this generation (tables.c) */
  uint64_t opens;  /* how often another one was opened: who remembers something of the tables looks here whether it still holds */
};
#define TABLES_ZERO { 0, TEXT_ZERO, false, TEXT_ZERO, 0 }

/* Opens tables/current/NAME.cdb ("policy", "auth", "relay"), or opens it anew when another generation is current.
   Called once for each transaction; costs one stat when nothing has changed. False with errno. */
bool tables_open(struct tables *t, const char *name);
bool tables_open_at(struct tables *t, const char *generation, const char *name); /* tables/GENERATION/NAME.cdb */
void tables_close(struct tables *t);

/* The record under "KIND:KEY". The key is looked up as it is: fold it first. A value that is no record is BROKEN. */
enum lookup_result tables_find(struct tables *t, const char *kind, const char *key, text *record);

/* May SCRAM be offered: has every login keys for it (tables-build)? Opens policy, as above; no tables: no. */
bool tables_offer_scram(struct tables *policy);

#endif
