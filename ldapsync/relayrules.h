/* relayrules: where mail for other hosts goes instead of to their MX (N-79, N-83), a file for each rule in
   control/relayrules. The credentials belong to the rule (T4). */

#ifndef LDAPSYNC_RELAYRULES_H
#define LDAPSYNC_RELAYRULES_H

#include "lib/record.h"

struct relayrule {
  text name;     /* of its file */
  text policy;   /* the record relay:default of policy.cdb */
  text login;    /* the record rule:NAME of relay.cdb; empty: no authentication */
  bool is_there; /* an enabled default rule was found */
};
#define RELAYRULE_ZERO { .name = TEXT_ZERO, .policy = TEXT_ZERO, .login = TEXT_ZERO }

/* Reads all rules. Dies with file and line if one cannot be understood, or if two are the default (N-80). */
void relayrules_read(struct relayrule *rule);

/* One file's fields to a rule; false with a sentence in error. No I/O. */
bool relayrule_parse(struct relayrule *rule, const char *name, const char *path, const text *fields, text *error);

#endif
