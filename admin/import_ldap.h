/* import_ldap: mailadm's command for Postfix's ldap_table(5) files: a profile and control files for ldapsync. */

#ifndef ADMIN_IMPORT_LDAP_H
#define ADMIN_IMPORT_LDAP_H

#include <stdbool.h>

extern bool import_ldap_prints; /* --print: nothing is written */

/* [ROLE=]FILE...: ROLE as main.cf says (ldaptable.h). Writes control files that are not there yet: all, or none. Ends with 1 if
   something could not be carried over. */
void import_ldap_run(const char *const *arguments, bool is_json);

#endif
