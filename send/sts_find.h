/* sts_find: the MTA-STS policy that holds for a domain now: record, cache, policy host (RFC 8461 3.3, 5.1). */

#ifndef SEND_STS_FIND_H
#define SEND_STS_FIND_H

#include "lib/dns.h"
#include "send/sts_entry.h"
#include "send/sts_https.h"

struct sts_found {
  const char *domain;
  enum dns_result asked;            /* DNS_LATER: there was no answer */
  enum sts_record_result record;
  char id[STS_ID_MAX + 1];          /* the record's */
  const char *record_error;
  struct sts_entry entry;           /* as it is afterwards */
  bool has_policy;                  /* the entry's holds; its mode may be none */
  bool is_fetched;                  /* just now, by this process or the one it waited for */
  bool is_blocked;                  /* it is not known, for a reason of our own */
  const char *failure;              /* a type of RFC 8460 4.3.2, or "": why there is none, or why it is an older one */
  text reason;
  text host;                        /* the address of the policy host, if it was asked */
};
#define STS_FOUND_ZERO { .domain = "", .record_error = "", .entry = STS_ENTRY_ZERO, .failure = "", .reason = TEXT_ZERO, .host = TEXT_ZERO }

void send_sts_find(struct sts_found *s, const char *domain);
void send_sts_try(struct sts_found *s, const char *domain); /* for people: the policy host is asked in any case where there is a record */
void send_sts_found_free(struct sts_found *s);

/* Without anybody waiting: the policy is fetched anew if it is time, and when it was used is noted. */
void send_sts_refresh(const char *domain, bool is_used);

#endif
