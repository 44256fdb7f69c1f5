/* follow_step: what becomes of one entry that has changed, and everything that a batch of them touches (follow.c). */

#ifndef LDAPSYNC_FOLLOW_STEP_H
#define LDAPSYNC_FOLLOW_STEP_H

#include "ldapsync/follow.h"

struct follow_known { /* an entry */
  struct account *one; /* 0: nothing came of it */
  unsigned int seen;   /* when the whole file was read last */
  bool is_group;
  char dn[];
};

struct follow_holder { /* a key */
  struct account *one; /* whose mailbox has it; 0: nobody's */
  char key[];
};

struct change {
  struct follow_known *known;
  struct account *old, *fresh; /* 0: none */
  bool is_same_one;            /* a person who keeps his key, a group that keeps its name: fresh takes the place of old, and is then what it was */
  bool was_group, is_group;
  bool is_renamed;             /* a person is called otherwise than before, by whatever others name him by; or has come, or gone */
};

struct step {
  struct follow *follow;
  struct change *all;
  size_t count, room;
  struct leads gone, come;
  struct build_name *gone_names, *come_names;
  size_t gone_count, gone_room, come_count, come_room;
  struct names mailboxes, uids, addresses, logins, groups, group_names; /* whose records are looked at */
  bool is_identity;            /* somebody logs in otherwise, has come or gone: control/sendas must be looked at again */
  bool has_renamed;            /* somebody is_renamed */
  bool has_groups;             /* a group has changed */
  bool has_new_groups;         /* one has come, gone, or is called otherwise */
};
#define STEP_ZERO { .gone = LEADS_ZERO, .come = LEADS_ZERO, .mailboxes = NAMES_ZERO, .uids = NAMES_ZERO, .addresses = NAMES_ZERO, .logins = NAMES_ZERO, .groups = NAMES_ZERO, .group_names = NAMES_ZERO }

/* The entries of the tail, or of the whole file, that differ from what is known (follow_read.c). False: only a full pass can tell. */
bool step_read(struct step *s, const text *bytes);
bool step_read_whole(struct step *s, const text *bytes);

/* People: who gets which key, address and place; then into memory. False: only a full pass can tell. */
bool step_settle(struct step *s);
void step_apply(struct step *s);

bool step_exchange(struct step *s); /* their leads and names */
bool step_name_again(struct step *s); /* whoever names them: groups, destinations, control/sendas (follow_names) */
void step_free(struct step *s);

/* Made if it is not there. */
struct follow_holder *follow_holder(struct follow *f, const char *key);
struct follow_known *follow_known(struct follow *f, const char *dn);

struct account *follow_find_holder(const struct follow *f, const char *key); /* 0: nobody */

#endif
