/* rbl: an entry of control/rbllist: a DNS block list (RFC 5782), what is done with who is listed there, and which of its
   answers count. Bytes in, struct out, no I/O. */

#ifndef LIB_RBL_H
#define LIB_RBL_H

#include "lib/cidr.h"

enum rbl_action { RBL_REJECT, RBL_DEFER, RBL_ADDHEADER, RBL_ACCEPT };

struct rbl {
  const char *zone;       /* in the entry, which is changed */
  enum rbl_action action;
  bool matches_any;
  struct cidr match;      /* else */
  const char *text;       /* "": what the list says (its TXT) */
};

/* "ZONE ACTION MATCHON [TEXT]". False: what is wrong is in error. */
bool rbl_parse(struct rbl *r, char *entry, const char **error);

/* Does this answer (an IPv4 address as text) mean that who was asked about is on the list? */
bool rbl_matches(const struct rbl *r, const char *answer);

/* The name under which a zone lists an address. */
void rbl_name_add(text *out, const struct ip *ip, const char *zone);
void rbl_reverse_name_add(text *out, const struct ip *ip); /* in in-addr.arpa or ip6.arpa */

#endif
