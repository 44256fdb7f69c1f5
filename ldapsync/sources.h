/* sources: everything that the tables are made of, read and worked out: the control files, the directory, who has what. */

#ifndef LDAPSYNC_SOURCES_H
#define LDAPSYNC_SOURCES_H

#include "ldapsync/domains.h"
#include "ldapsync/generation.h"
#include "ldapsync/groups.h"
#include "ldapsync/scram.h"
#include "ldapsync/sendas.h"
#include "ldapsync/targets.h"

#define SOURCES_WATCHED "state/directory/ldap.ldif" /* what ldap-fetch and ldap-watch write */

struct sources {
  struct domains domains;
  struct table policy, auth, relay, token; /* records of the control files, which need no directory */
  struct sendas sendas;
  struct build build;
  struct accounts group_facts;
  struct groups groups;
  struct targets targets;
  struct leads leads;
  struct build_limits limits;
  struct uids uids;
  struct scram scram;
  struct map settings;           /* control/mailboxes: paths by address */
  struct accounts_place watched; /* what was read of state/directory/ldap.ldif */
  int64_t next_time;             /* when the first of the conditions on a time comes to hold that does not yet; 0: none does */
};
#define SOURCES_ZERO { .domains = DOMAINS_ZERO, .policy = TABLE_ZERO, .auth = TABLE_ZERO, .relay = TABLE_ZERO, .token = TABLE_ZERO, .sendas = SENDAS_ZERO, \
                       .groups = GROUPS_ZERO, .targets = { .publics = MAP_ZERO, .files = NAMES_ZERO }, .leads = LEADS_ZERO, .uids = UIDS_ZERO, .scram = SCRAM_ZERO, .settings = MAP_ZERO, .watched = ACCOUNTS_PLACE_ZERO }

/* Dies if a file cannot be understood: then the tables stay. is_fetched: ldap-fetch --dry-run has written what it found beside the file that counts. */
void sources_read(struct sources *s, bool is_fetched);

/* All records, into a new generation. */
void sources_write(struct sources *s, struct generation *g);

/* table:generation of it. addresses: how many there are. */
void sources_describe(const struct sources *s, const struct generation *g, size_t addresses, text *record);

/* Is this login one of control/backends? It is written with its backend. */
bool sources_is_backend(const struct sources *s, const struct build_name *n);

/* A line in the log, and what is to be said of SCRAM. */
void sources_say(const struct sources *s, const struct generation *g, size_t addresses, const char *event);

#endif
