/* leads: every address, and where it leads. What several sources say of one address is several leads; the strongest kind
   counts, and the others are reported (N-18, N-41). A generic address, in every domain of ours, is "local@*" (N-39). */

#ifndef LDAPSYNC_LEADS_H
#define LDAPSYNC_LEADS_H

#include "ldapsync/domains.h"
#include "lib/names.h"

enum lead_kind { /* the strongest first */
  LEAD_FILE,      /* control/addresses */
  LEAD_PUBLIC,    /* the generic address of a public mailbox (N-35) */
  LEAD_DIRECTORY, /* an attribute of a person or a group */
  LEAD_GROUP,     /* addgroups has made it */
  LEAD_USER       /* addusers has made it */
};
enum lead_to { LEAD_MAILBOX, LEAD_MEMBERS, LEAD_FORWARD }; /* a mailbox's KEY, a group's KEY, an address */

/* Whose lead it is: of one kind the first of an address stands first in its record. What is of one place is sorted by where it leads. */
#define LEADS_OF_PEOPLE ((uint64_t)1 << 56) /* and the age; before them files, as they come */
#define LEADS_OF_SYSTEM ((uint64_t)2 << 56)
#define LEADS_OF_OTHERS ((uint64_t)3 << 56)
#define LEADS_OF_GROUPS ((uint64_t)4 << 56)

struct lead {
  uint64_t hash; /* of the address: they are sorted by it */
  uint64_t order;
  const char *address, *to, *from; /* of who added it, and stay */
  unsigned char kind, what;
  bool is_internal; /* said beside it */
  bool is_primary;  /* of the mailbox that it leads to */
};

struct leads {
  struct lead *all;
  size_t count, room;
  struct names internal; /* of control/internal: "local@domain", "local@*" (N-40) */
  struct names made;     /* strings of leads that have no other place are kept for good */
  bool has_generic;
};
#define LEADS_ZERO { .internal = NAMES_ZERO, .made = NAMES_ZERO }

/* All but hash of the lead is filled by the caller. */
void leads_add(struct leads *l, const struct lead *lead);
void leads_sort(struct leads *l);

/* After sorting: those of GONE go, and those of FRESH come. False if one of GONE is not there. Both are then in any order. */
bool leads_exchange(struct leads *l, struct leads *gone, struct leads *fresh);

/* After sorting: the first lead of an address, the strongest; 0: nobody has it. */
const struct lead *leads_find(const struct leads *l, const char *address);
const struct lead *leads_find_generic(const struct leads *l, const char *address); /* of its local part */
size_t leads_end(const struct leads *l, size_t i); /* where the next address begins */

/* Does mail to this address of a domain of ours get anywhere: by itself, generic, without its detail, by alias or catchall? */
bool leads_reach(const struct leads *l, const struct domains *d, const char *address);

/* The record of the address that begins at i; reports the leads that do not count. */
void leads_record(const struct leads *l, size_t i, text *record);
size_t leads_addresses(const struct leads *l); /* how many records there are */

#endif
