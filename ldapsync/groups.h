/* groups: who is in which, flattened: nested ones, each member once (N-18, L-22). From the directory and control/groups. */

#ifndef LDAPSYNC_GROUPS_H
#define LDAPSYNC_GROUPS_H

#include "ldapsync/build.h"
#include "ldapsync/cdb_write.h"
#include "ldapsync/map.h"

struct member { /* one of these */
  struct account *account;
  struct mail_group *group;
  const char *address;
};

struct mail_group {
  struct account *facts; /* as profile_map says; of control/groups: key, name, member, internal */
  const char *path;      /* of control/groups; 0: it is the directory's */
  char *name;            /* as a local part; 0: it has none that is one, and no other group's */
  text addresses;        /* attributes, and from made_at on what addgroups makes; each ended by a NUL */
  size_t made_at;
  struct member *members;
  size_t count, room;
  const void *mark;      /* the list that it is in already */
  bool is_internal;      /* N-40 */
  bool is_hidden;        /* it has neither name nor address: it is for groups that it is in */
  bool is_refused;       /* it would have too many members */
};

struct groups {
  struct mail_group *all;
  size_t count;
  struct map by_name, by_key;
  size_t largest;        /* control/groupmax */
};
#define GROUPS_ZERO { .by_name = MAP_ZERO, .by_key = MAP_ZERO }

/* facts: what accounts_read found, which must stay; files of control/groups are added. Names and uniqueness, no members yet. */
void groups_open(struct groups *g, struct accounts *facts);

/* The same once more, when the directory's facts are other ones. Closed, a build's marks are gone too. */
void groups_open_again(struct groups *g, struct accounts *facts);
void groups_forget_marks(const struct groups *g); /* of old ones, before others are looked at: they may come to lie in the same place */
void groups_close(struct groups *g);

/* Who the members are; after this the groups do not move. Reports who is not there, circles, and groups that are too large. */
struct targets;
void groups_resolve(struct groups *g, const struct build *b, const struct targets *t);

/* Their addresses: attributes, and those that addgroups makes. */
void groups_leads(struct groups *g, const struct domains *d, struct leads *l);

/* The records group:KEY. */
void groups_write(const struct groups *g, struct cdb_write *w);
void groups_record(const struct groups *g, const char *key, text *record); /* stays empty: it has none */

const struct mail_group *groups_find(const struct groups *g, const char *name);

#endif
