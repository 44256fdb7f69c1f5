/* srs: the sender rewriting scheme, addresses to addresses, without I/O. A message that an address of ours forwards elsewhere
   gets a sender of ours, or SPF fails there; what comes back to that sender goes back to the original one, if the hash in it
   is ours. Nothing is stored.

     joe@far.example          forwarded by d.example   SRS0=HASH=TT=far.example=joe@d.example
     SRS0=h=tt=a=joe@b        forwarded once more      SRS1=HASH=b==h=tt=a=joe@d.example

   HASH is 40 bits of an HMAC over the rest, without regard to case, which is lost on the way at times; TT the day, modulo
   1024. Both are in base32. A key is a line of control/srskey: the first one signs, all verify. */

#ifndef LIB_SRS_H
#define LIB_SRS_H

#include "lib/text.h"

enum { SRS_DAYS_MAX = 21, SRS_KEY_MIN = 16, SRS_ADDRESS_MAX = 254 }; /* RFC 5321 4.5.3.1.3 */

enum srs_result {
  SRS_NOT = -3,     /* nothing to rewrite: no such address */
  SRS_FORGED = -2,  /* the hash is not ours */
  SRS_EXPIRED = -1, /* it is older than SRS_DAYS_MAX, or from the future */
  SRS_LONG,         /* the rewritten address would be longer than an address may be */
  SRS_DONE
};

/* Does the local part look like one of ours? */
bool srs_is(const char *local);

/* keys: each ended by a NUL, at least one. day: since 1970. result: the new address, ended by a NUL. */
enum srs_result srs_forward(text *result, const char *sender, const char *domain, const text *keys, uint64_t day);
enum srs_result srs_reverse(text *result, const char *address, const text *keys, uint64_t day);

const char *srs_word(enum srs_result result); /* for a log: "forged" */

#endif
