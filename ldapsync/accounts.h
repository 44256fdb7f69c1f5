/* accounts: everybody and every group that the directory knows, read from LDIF files. */

#ifndef LDAPSYNC_ACCOUNTS_H
#define LDAPSYNC_ACCOUNTS_H

#include <sys/types.h>

#include "ldapsync/profile.h"
#include "ldapsync/uids.h"

struct account {
  text facts;       /* record, as profile_map says; of a public mailbox and a system user see mailboxes.h, systemusers.h */
  text raw;         /* the facts that the entry has, where others were put over them; in it key, logins and elsewhere lie */
  text from;        /* the file and the dn, for people; ended by a NUL */
  text addresses;   /* folded, of our domains, each ended by a NUL */
  text relayed;     /* those of relayed domains */
  size_t made_at;   /* where in addresses those begin that addusers has made (N-17) */
  const char *key;  /* in facts */
  const char *name; /* in addresses: the primary one; "NAME@*" of a public mailbox; 0: there is none, and so no mailbox */
  const char *elsewhere; /* in facts: an address in a domain that is not ours, of who has no mailbox here */
  const struct uids_entry *place; /* its uid and folder */
  uint64_t mark;    /* of groups: the list that it is in already */
  bool is_from_server; /* of state/directory: the LDAP server may be asked about its password */
  bool is_new;         /* it has come just now, into a build that was there (report.h) */
  bool is_public;      /* a public mailbox (N-26) */
};

struct accounts {
  struct account **all; /* where one is it stays */
  size_t count;
  size_t room;
};

/* Adds all entries of FOLDER, its files NAME.ldif. A folder that is missing is an empty one. A file that is not LDIF ends the program:
   half a directory is worse than yesterday's. except: a name that is passed over; 0: none. */
void accounts_read(struct accounts *people, struct accounts *groups, const char *folder, const char *except, const struct profile *p, bool is_from_server);

/* What was read of a file that grows at its end. It is held open: the number of an inode that is gone is given to the next file. */
struct accounts_place {
  int fd; /* -1: it is not known what was read */
  dev_t device;
  ino_t inode;
  size_t whole; /* so many bytes */
};
#define ACCOUNTS_PLACE_ZERO { .fd = -1 }
/* place: where to go on later; may be 0. Whoever holds it ends with it. */
void accounts_read_file(struct accounts *people, struct accounts *groups, const char *path, const struct profile *p, bool is_from_server,
                        struct accounts_place *place);

/* What became of an entry of the file at PATH; 0: nothing. It is none of any accounts yet. */
struct account *accounts_make(const struct profile *p, const struct ldif_entry *e, const char *path, bool is_from_server, enum profile_kind *kind);

/* A new one, empty; or one that is there already. */
struct account *accounts_add(struct accounts *a);
void accounts_take(struct accounts *a, struct account *one);
void accounts_free_one(struct account *a);

/* The oldest first: who has had a mailbox before keeps what he has from who comes later and claims it. */
int accounts_compare(const struct account *a, const struct account *b);
void accounts_sort(struct accounts *a);

const text *accounts_raw(const struct account *a); /* what its entry says */

/* "FILE: DN: what is wrong" to stderr. */
void accounts_report(const struct account *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
