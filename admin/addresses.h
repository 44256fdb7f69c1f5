/* addresses: mailadm's commands for files of control/addresses, control/groups and control/mailboxes. */

#ifndef ADMIN_ADDRESSES_H
#define ADMIN_ADDRESSES_H

#include "lib/text.h"

/* arguments: the address and its destinations; the group and its members; the name; ended by 0. */
void addresses_add(const char *const *arguments, bool is_json);
void addresses_delete(const char *const *arguments, bool is_json);
void addresses_add_group(const char *const *arguments, bool is_json);
void addresses_delete_group(const char *const *arguments, bool is_json);
void addresses_add_public(const char *const *arguments, bool is_json);

/* For import: could this be a destination? A new file of control/addresses for "local@domain"; false: it is there. */
bool addresses_is_destination(const char *value);
bool addresses_create(const char *address, const text *bytes);

#endif
