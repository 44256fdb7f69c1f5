/* story: what whatif says, as lines for people or as JSON, one object a line. */

#ifndef ADMIN_STORY_H
#define ADMIN_STORY_H

#include "lib/policy.h"

extern bool story_is_json;

/* "  name        value", and if there is a rule, by which rule and file. */
void story_line(const char *name, const char *value);
void story_fact(const char *name, const char *value, const char *rule, const char *from);

/* The reply with its rule. True if it accepts. */
bool story_decision(const char *name, const struct policy_decision *d);

/* A branch of the expansion: for struct policy_trace. */
void story_branch(void *to, unsigned int depth, const char *address, const char *what, const char *rule, const char *from);

#endif
