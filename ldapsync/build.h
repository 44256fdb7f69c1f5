/* build: from everybody in the directory to who has which addresses, logins, uid and folder. What cannot be is reported
   with file and dn, and the rest goes on. Writes nothing. */

#ifndef LDAPSYNC_BUILD_H
#define LDAPSYNC_BUILD_H

#include "ldapsync/accounts.h"
#include "ldapsync/domains.h"
#include "ldapsync/leads.h"

struct build_limits {
  uint32_t minimum_uid;
  bool binds_all; /* control/authbind: the server is asked about every password of its entries */
};

enum build_rank { BUILD_PRIMARY, BUILD_LOGIN, BUILD_ALIAS }; /* a primary address, a login of the directory, a further address */

struct build_name { /* one address or login of one account */
  uint64_t hash;    /* they are sorted by it */
  const char *name;
  struct account *account;
  enum build_rank rank;
};

struct build {
  struct accounts accounts; /* those that get a mailbox, oldest first */
  struct accounts others;   /* people without a mailbox here, but with an address elsewhere or in a relayed domain */
  struct build_name *logins; /* by hash and name; of one name by rank and age */
  size_t login_count;
};

/* Drops the accounts that cannot have a mailbox and gives places to the rest. */
void build_resolve(struct build *b, const struct domains *d, struct uids *u, const struct build_limits *limits);

/* Whose name is this to log in with? Folded as it is a key. 0: nobody's, or not one account's alone. */
struct account *build_login(const struct build *b, const char *login);

/* Adds where the addresses of all people lead. */
void build_leads(const struct build *b, struct leads *l);

#endif
