/* accounts: everybody whom the directory knows, read from LDIF files. */

#ifndef LDAPSYNC_ACCOUNTS_H
#define LDAPSYNC_ACCOUNTS_H

#include "ldapsync/profile.h"
#include "ldapsync/uids.h"

struct account {
  text facts;       /* record, as profile_map says */
  text from;        /* the file and the dn, for people; ended by a NUL */
  text addresses;   /* folded, of our domains, each ended by a NUL; the first is the primary */
  const char *key;  /* in facts */
  const char *name; /* in addresses: the primary one; 0: there is none, and so no mailbox */
  const struct uids_entry *place; /* its uid and folder */
  bool is_from_server; /* of state/directory: the LDAP server may be asked about its password */
};

struct accounts {
  struct account *all;
  size_t count;
  size_t room;
};

/* Adds all entries of FOLDER, its files NAME.ldif. A folder that is missing is an empty one. A file that is not LDIF ends the program:
   half a directory is worse than yesterday's. */
void accounts_read(struct accounts *a, const char *folder, const struct profile *p, bool is_from_server);

/* "FILE: DN: what is wrong" to stderr. */
void accounts_report(const struct account *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
