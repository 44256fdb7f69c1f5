/* profile: which attribute of a directory means what (doc/tables-build.md, "Profiles"). A profile is a text file;
   profile_map turns an entry of any schema into the facts that tables are made of. No I/O but reading the file. */

#ifndef LDAPSYNC_PROFILE_H
#define LDAPSYNC_PROFILE_H

#include "lib/ldif.h"
#include "lib/record.h"

struct profile_field; /* one line of the file */

struct profile {
  text fields; /* record: filter, key, login, primary, alias, uid, password, no-receive, no-submit, no-imap */
  struct profile_field *parsed;
  size_t count;
};
#define PROFILE_ZERO { .fields = TEXT_ZERO }

/* control/profiles/NAME, or profiles/NAME as it was installed; dies with file and line if it cannot be used. */
void profile_open(struct profile *p, const char *name);
bool profile_parse(struct profile *p, const char *name, const char *bytes, size_t length, text *error);
void profile_close(struct profile *p);
const char *profile_filter(const struct profile *p);

/* Every attribute that the profile reads, each ended by a NUL, no one twice: what ldap-fetch asks for. */
void profile_attributes(const struct profile *p, text *names);

/* Is this attribute (in lower case) what the profile reads for a concept: "key", "password"...? */
bool profile_has(const struct profile *p, const char *concept, const char *attribute);

/* The entry's facts: dn, key, login (any number), address (any number, the primary first), uid, password (any number),
   receive, submit, imap (yes or no). False if the entry is nobody: it has neither login nor address. */
bool profile_map(const struct profile *p, const struct ldif_entry *e, text *facts);

#endif
