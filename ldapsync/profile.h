/* profile: which attribute of a directory means what (doc/tables-build.md, "Profiles"). A profile is a text file;
   profile_map turns an entry of any schema into the facts that tables are made of. No I/O but reading the file. */

#ifndef LDAPSYNC_PROFILE_H
#define LDAPSYNC_PROFILE_H

#include "lib/ldif.h"
#include "lib/record.h"

struct profile_field; /* one line of the file */

struct profile {
  char *filter, *group_filter; /* 0: none */
  struct profile_field *parsed;
  size_t count;
  int64_t now; /* seconds since 1970: what conditions on a time are measured by */
  int64_t *next; /* if somebody asks: the soonest time at which one that does not hold yet will, of all entries that were mapped; 0: there is none */
};
#define PROFILE_ZERO { 0, 0, 0, 0, 0, 0 }

/* Adds the lines of control/profiles/NAME, or profiles/NAME as it was installed, to those that are there (an overlay's, P-07);
   dies with file and line if it cannot be used. */
void profile_open(struct profile *p, const char *name);
void profile_open_directory(struct profile *p); /* all that control/ldapprofile names */
bool profile_parse(struct profile *p, const char *name, const char *bytes, size_t length, text *error);
void profile_close(struct profile *p);
const char *profile_filter(const struct profile *p);
const char *profile_group_filter(const struct profile *p); /* 0: the server is not asked for groups */

/* Every attribute that the profile reads, each ended by a NUL, no one twice: what ldap-fetch asks for. */
void profile_attributes(const struct profile *p, text *names);

/* Is this attribute (in lower case) what the profile reads for a concept: "key", "password"...? */
bool profile_has(const struct profile *p, const char *concept, const char *attribute);

enum profile_kind { PROFILE_NOBODY, PROFILE_ACCOUNT, PROFILE_GROUP };

bool profile_has_times(const struct profile *p); /* is there a condition that holds on one day and not on another? */

/* The entry's facts. PROFILE_ACCOUNT: dn, key, login (any number), address (any number, of the main attribute), alias (any
   number), bind (a name to log in by that is not the DN), uid, in-group (the id of a group that does not list it), password (any number), send-as (any number), forward (any number), keep,
   quota, internal, contact, receive, submit, imap (yes or no); pop3, sieve, forwarding (no, or not there).
   PROFILE_GROUP: dn, key, id, in-group, hidden, internal, name, address, member-dn, member-uid, member (an address), each any number.
   PROFILE_NOBODY: it has neither login nor address. */
enum profile_kind profile_map(const struct profile *p, const struct ldif_entry *e, text *facts);

#endif
