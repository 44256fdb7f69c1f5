/* rules: control/block (N-64) and control/bypass (N-63, T20), one rule a line. */

#ifndef LDAPSYNC_RULES_H
#define LDAPSYNC_RULES_H

#include "ldapsync/table.h"

void block_read(struct table *policy);
void bypass_read(struct table *policy);

/* The same on bytes; false with a sentence in error. No I/O. */
bool block_parse(struct table *policy, const char *path, const text *bytes, text *error);
bool bypass_parse(struct table *policy, const char *path, const text *bytes, text *error);

#endif
