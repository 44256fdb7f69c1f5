/* ldaptable_notes: what of an ldap_table(5) cannot be carried over, in words, and what to do instead. No I/O. */

#ifndef ADMIN_LDAPTABLE_NOTES_H
#define ADMIN_LDAPTABLE_NOTES_H

#include "admin/ldaptable.h"

bool ldaptable_is_attribute(const char *name);
bool ldaptable_is_condition(const char *term); /* "ATTRIBUTE=VALUE", as a profile has it, too */

void ldaptable_note_members(struct ldaptable_result *r, const struct ldaptable *t, const char *primary);
void ldaptable_note_conditions(struct ldaptable_result *r, const struct ldaptable *t);
void ldaptable_note_uses(struct ldaptable_result *r, const struct ldaptable *t);
void ldaptable_note_other(struct ldaptable_result *r, const struct ldaptable *t); /* of domains, and of what no profile says */

#endif
