/* rates: control/ratelimit: how many connections, messages and recipients a client network, a login or a sender may have in
   a minute, an hour and a day. This module reads lines and chooses rules; it does no I/O.

     client|login|sender|trusted [WHO] connections|messages|recipients N per minute|hour|day

   WHO: of client and trusted an address or a network; of login and sender an address (a login's name) or a domain. Of the
   lines of one kind, thing and window the one that fits closest holds. N 0: no limit. */

#ifndef SMTPD_RATES_H
#define SMTPD_RATES_H

#include "lib/cidr.h"

enum rates_kind { RATES_CLIENT, RATES_LOGIN, RATES_SENDER, RATES_TRUSTED, RATES_KINDS };
enum rates_thing { RATES_CONNECTIONS, RATES_MESSAGES, RATES_RECIPIENTS, RATES_THINGS };
enum { RATES_WINDOWS = 3 };

struct rates_rule {
  enum rates_kind kind;
  enum rates_thing thing;
  unsigned int window; /* 0, 1, 2 */
  uint64_t max;
  text who;            /* in lower case; empty: all */
  struct cidr network; /* of client and trusted, if who is not empty */
};

struct rates {
  struct rates_rule *list;
  size_t count;
};
#define RATES_ZERO { 0, 0 }

/* lines: each ended by a NUL. False: error says what is wrong with which line. */
bool rates_parse(struct rates *r, const text *lines, text *error);

/* The rule that holds; 0: there is none, or it sets no limit. who: a login or address in lower case, or an IP address. */
const struct rates_rule *rates_find(const struct rates *r, enum rates_kind kind, enum rates_thing thing, unsigned int window,
                                    const char *who);

extern const char *const rates_kinds[RATES_KINDS], *const rates_things[RATES_THINGS], *const rates_windows[RATES_WINDOWS];
extern const unsigned int rates_seconds[RATES_WINDOWS];

#endif
