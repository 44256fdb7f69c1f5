/* rate: control/destinationrate: how much may go to one destination in a minute, an hour, a day, and over how many connections (L-10).
   No I/O. A destination is the domain whose MX are asked, or the host of a relay rule. */

#ifndef SEND_RATE_H
#define SEND_RATE_H

#include "lib/text.h"

enum { SEND_RATE_MINUTE, SEND_RATE_HOUR, SEND_RATE_DAY, SEND_RATE_WINDOWS };
extern const char *const send_rate_windows[SEND_RATE_WINDOWS];
extern const unsigned int send_rate_seconds[SEND_RATE_WINDOWS];

struct send_rate {
  uint32_t most[SEND_RATE_WINDOWS]; /* recipients; 0: no limit */
  unsigned int connections;         /* 0: control/concurrencydestination */
};

struct send_rate_rule {
  char *subject; /* a domain or host, .DOMAIN for those below it, or "*" */
  struct send_rate rate;
};

struct send_rates {
  struct send_rate_rule *list;
  size_t count;
};
#define SEND_RATES_ZERO { 0, 0 }

/* Lines, each ended by a NUL: "SUBJECT [N/minute] [N/hour] [N/day] [connections N]". False with a sentence in error. */
bool send_rates_parse(struct send_rates *r, const text *lines, text *error);
void send_rates_free(struct send_rates *r);

/* The rule that fits closest: the destination itself, the longest .DOMAIN, "*". 0: there is none. */
const struct send_rate *send_rates_find(const struct send_rates *r, const char *destination);

bool send_rate_has_limit(const struct send_rate *rate);
void send_rate_say(const struct send_rate *rate, text *words); /* "100/minute, 5000/day" */

#endif
