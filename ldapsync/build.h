/* build: from everybody in the directory to who has which addresses, logins, uid and folder. What cannot be is reported
   with file and dn, and the rest goes on. Writes nothing. */

#ifndef LDAPSYNC_BUILD_H
#define LDAPSYNC_BUILD_H

#include "ldapsync/accounts.h"
#include "ldapsync/domains.h"
#include "ldapsync/leads.h"
#include "lib/address.h"

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
  size_t login_count, login_room;
  struct names contested; /* "key KEY" and "name ADDRESS" of those who got no mailbox because of somebody else */
};

/* What finds the addresses of one account after the other. */
struct build_finder {
  const struct domains *domains;
  const struct domain *last; /* most people are of the domain of the one before */
  struct address parsed;
  text made;
};
#define BUILD_FINDER_ZERO { .parsed = ADDRESS_ZERO, .made = TEXT_ZERO }

/* Drops the accounts that cannot have a mailbox and gives places to the rest. */
void build_resolve(struct build *b, const struct domains *d, struct uids *u, const struct build_limits *limits);

/* One account: its addresses; a mailbox's uid and folder (else it has no name then); its names, how many (names may be 0). */
void build_find(struct build_finder *f, struct account *a);
void build_finder_free(struct build_finder *f);
void build_place(struct account *a, struct uids *u, const struct build_limits *limits);
size_t build_names(struct account *a, struct build_name *names);
int build_compare_names(const void *x, const void *y);

/* Is its key or name one that somebody else has claimed in vain? */
bool build_is_contested(const struct build *b, const struct account *a);

/* Where a name begins in logins; login_count: nowhere. */
size_t build_find_name(const struct build *b, const char *name);

/* Where the addresses of one account lead. */
void build_leads_of(const struct account *a, struct leads *l);

/* Whose name is this to log in with? Folded as it is a key. 0: nobody's, or not one account's alone. */
struct account *build_login(const struct build *b, const char *login);

/* Adds where the addresses of all people lead. */
void build_leads(const struct build *b, struct leads *l);

#endif
