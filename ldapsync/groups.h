/* groups: who is in which, flattened: nested ones, each member once (N-18, L-22). From the directory and control/groups. */

#ifndef LDAPSYNC_GROUPS_H
#define LDAPSYNC_GROUPS_H

#include "ldapsync/build.h"
#include "ldapsync/cdb_write.h"
#include "ldapsync/groups_index.h"

struct member { /* one of these */
  struct account *account;
  struct mail_group *group;
  const char *address;
};

struct mail_group {
  struct account *facts; /* as profile_map says; of control/groups: key, name, member, internal */
  const char *path;      /* of control/groups; 0: it is the directory's */
  char *key;             /* that of facts, which may move */
  char *name;            /* as a local part; 0: it has none that is one, and no other group's */
  char *called;          /* its name, folded as logins are; 0: it has none, or another group has it */
  bool is_ambiguous;     /* another one of the directory is called the same: the name means nobody */
  text addresses;        /* attributes, and from made_at on what addgroups makes; each ended by a NUL */
  size_t made_at;
  struct member *members;
  size_t count, room;
  uint64_t *values;      /* hashes of the DNs and logins that it lists, folded */
  size_t value_count, value_room;
  uint64_t mark;         /* the list that it is in already */
  bool is_internal;      /* N-40 */
  bool is_hidden;        /* it has neither name nor address: it is for groups that it is in */
  bool is_refused;       /* it would have too many members */
  bool is_dirty, is_affected; /* groups_follow: its members have changed; or those of groups in it */
};

struct groups {
  struct mail_group *all;
  size_t count;
  struct map by_name, by_called, by_key;
  struct groups_index index;
  uint64_t marks;        /* each list that was made has another one */
  size_t largest;        /* control/groupmax */
};
#define GROUPS_ZERO { .by_name = MAP_ZERO, .by_called = MAP_ZERO, .by_key = MAP_ZERO, .index = GROUPS_INDEX_ZERO }

/* facts: what accounts_read found, which must stay; files of control/groups are added. Names and uniqueness, no members yet. */
void groups_open(struct groups *g, struct accounts *facts);

/* The same once more, when the directory's facts are other ones; g is empty, but for marks that go on from those of the old ones. */
void groups_open_again(struct groups *g, struct accounts *facts);
void groups_close(struct groups *g);

/* Who the members are; after this the groups do not move. Reports who is not there, circles, and groups that are too large. */
struct targets;
void groups_resolve(struct groups *g, const struct build *b, const struct targets *t);

/* Their addresses: attributes, and those that addgroups makes. */
void groups_leads(struct groups *g, const struct domains *d, struct leads *l);

void groups_lead(const struct mail_group *one, struct leads *l); /* one's, as they are */
void groups_address(struct mail_group *one, const struct domains *d); /* they are made */

/* One group's members anew; those who are in it because they say so are others' to add. And is it too large? */
void groups_resolve_one(struct groups *g, struct mail_group *one, const struct targets *t);
void groups_resolve_claims(struct groups *g, const struct build *b, bool dirty_alone);
void groups_check_size(struct groups *g, struct mail_group *one);

/* The records group:KEY and group-name:NAME. */
void groups_write(struct groups *g, struct cdb_write *w);
void groups_record(struct groups *g, const char *key, text *record); /* stays empty: it has none */
void groups_name_record(struct groups *g, const char *called, text *record);

const struct mail_group *groups_find(const struct groups *g, const char *name);

#endif
