/* sts_policy: what https://mta-sts.DOMAIN/.well-known/mta-sts.txt says (RFC 8461 3.2), and whether a host is one of its
   MX (4.1), without I/O. */

#ifndef SEND_STS_POLICY_H
#define SEND_STS_POLICY_H

#include "lib/text.h"

enum {
  STS_POLICY_BYTES = 65536,  /* the longest policy that is read (3.3) */
  STS_MAX_AGE_MAX = 31557600 /* a year: a longer max_age counts as this */
};

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

struct sts_policy {
  enum sts_mode mode;
  uint64_t max_age; /* seconds */
  text patterns;    /* in lower case, each ended by a NUL */
};
#define STS_POLICY_ZERO { .patterns = TEXT_ZERO }

/* False with a sentence in error: it is no policy, and p says STS_NONE. */
bool send_sts_policy_parse(struct sts_policy *p, const char *bytes, size_t length, const char **error);
void send_sts_policy_free(struct sts_policy *p);

/* Its lines, each ended by a NUL: what counts of it and nothing else, as a report shows it (RFC 8460 4.4). */
void send_sts_policy_lines(const struct sts_policy *p, text *lines);

const char *send_sts_mode_word(enum sts_mode mode);

/* A name, or "*." and a name, which stands for one label before it and not for more. */
bool send_sts_pattern_check(const char *pattern);
bool send_sts_pattern_matches(const char *pattern, const char *host);
const char *send_sts_policy_match(const struct sts_policy *p, const char *host); /* the pattern; 0: none */

#endif
