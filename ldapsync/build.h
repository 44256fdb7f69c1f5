/* build: from everybody in the directory to the records of the tables (doc/tables.md): who has which addresses, logins,
   uid and folder. What cannot be is reported with file and dn, and the rest goes on. Writes nothing. */

#ifndef LDAPSYNC_BUILD_H
#define LDAPSYNC_BUILD_H

#include "ldapsync/accounts.h"
#include "ldapsync/domains.h"

struct build_limits {
  uint32_t minimum_uid;
  bool binds_all; /* control/authbind: the server is asked about every password of its entries */
};

struct build_name { /* one address or login of one account */
  const char *name;
  struct account *account;
  unsigned int rank; /* 0 primary address, 1 login of the directory, 2 further address */
};

struct build {
  struct accounts accounts; /* those that get a mailbox, oldest first */
  struct build_name *addresses, *logins; /* sorted by name, rank and age */
  size_t address_count, login_count;
};

/* Drops the accounts that cannot have a mailbox and gives places to the rest. */
void build_resolve(struct build *b, const struct domains *d, struct uids *u, const struct build_limits *limits);

/* The records. build_address takes the group of names that begins at i and answers where the next one begins;
   build_login answers whether there is a record at all. */
size_t build_address(const struct build *b, size_t i, text *record);
size_t build_login(const struct build *b, size_t i, text *record);
void build_mailbox(const struct account *a, text *record);
void build_password(const struct account *a, const struct build_limits *limits, text *record);

#endif
