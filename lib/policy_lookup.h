/* policy_lookup: what the tables say about one address of ours or elsewhere, one step: it follows nothing (requirements N-41).
   The order: the address itself, then the one of all domains, then a group's and a user's name; then the same without the
   detail; then the domain of which this one is an alias; then the domain's catch-all. What comes first counts alone. */

#ifndef LIB_POLICY_LOOKUP_H
#define LIB_POLICY_LOOKUP_H

#include "lib/policy.h"

enum policy_place {
  POLICY_BROKEN = -1, /* the tables cannot be read */
  POLICY_ELSEWHERE,   /* the domain is not ours */
  POLICY_RELAYED,     /* we are the MX of the domain, and the address is good as far as we know */
  POLICY_UNKNOWN,
  POLICY_KNOWN,       /* record: what it leads to */
  POLICY_ALIAS,       /* next: the same address in the other domain */
  POLICY_CATCHALL     /* next: who gets what nobody gets */
};

struct policy_lookup {
  enum policy_place place;
  const char *rule; /* "address", "generic-address", "group-address", "user-address", "alias-domain", "catchall", ... */
  bool is_relayed;  /* the domain is relayed, whatever the place */
  bool must_ask;    /* RELAYED: only the host that it is relayed to knows */
  text domain;      /* the domain's record */
  text record;
  text next;
  text detail;      /* what was cut off to find it; ended by a NUL */
};
#define POLICY_LOOKUP_ZERO { POLICY_BROKEN, "", false, false, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO }

void policy_lookup(struct tables *tables, char delimiter, const struct address *a, struct policy_lookup *l);
void policy_lookup_free(struct policy_lookup *l);

bool policy_is_postmaster(const struct address *a, char delimiter); /* also with a detail */

#endif
