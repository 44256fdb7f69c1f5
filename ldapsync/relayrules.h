/* relayrules: where mail goes instead of to its domain's MX (N-79 to N-87), a file for each rule in control/relayrules. The
   credentials belong to the rule (T4); a subject has one rule of each type (T3). */

#ifndef LDAPSYNC_RELAYRULES_H
#define LDAPSYNC_RELAYRULES_H

#include "ldapsync/table.h"

/* Reads all rules: relay:TYPE:SUBJECT of policy.cdb, rule:NAME of relay.cdb, and of token.cdb. Dies with file and line if one cannot be
   understood, or if two are for the same (N-80). */
void relayrules_read(struct table *policy, struct table *relay, struct table *token);

/* Dies as that does, if these bytes as control/relayrules/NAME, beside the other rules, could not be understood. */
void relayrules_check(const char *name, const text *bytes);

/* One file's fields to its records; false with the key and a sentence in error. No I/O. */
bool relayrule_parse(struct table *policy, struct table *relay, struct table *token, const char *name, const char *path,
                     const text *fields, const char **key, text *error);

#endif
