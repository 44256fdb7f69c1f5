/* sequence: sets of message numbers or UIDs (RFC 3501 9, sequence-set). 4 bytes a bound; sorting is the only step that
   is not linear. */

#ifndef IMAP_SEQUENCE_H
#define IMAP_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/text.h"

#define IMAP_SEQUENCE_STAR 0 /* "*" in a set that is not resolved yet; no number is 0 */

struct imap_range {
  uint32_t first, last;
};

struct imap_sequence {
  struct imap_range *ranges;
  size_t count;
  size_t room;
};
#define IMAP_SEQUENCE_ZERO { 0, 0, 0 }

/* Reads a set that ends at the first byte that cannot belong to it; gives the place behind it, or 0 with nothing kept. */
const char *imap_sequence_parse(struct imap_sequence *s, const char *at, const char *end);

/* Puts highest (EXISTS, or the highest UID; 0 if the mailbox is empty) for each "*", then sorts and merges the ranges.
   Afterwards first <= last, and they rise without touching. A message number is beyond the mailbox (BAD) if
   imap_sequence_highest() is over EXISTS, or ranges[0].first is 0. */
void imap_sequence_resolve(struct imap_sequence *s, uint32_t highest);

uint32_t imap_sequence_highest(const struct imap_sequence *s);             /* of a resolved set */
bool imap_sequence_has(const struct imap_sequence *s, uint32_t number);    /* of a resolved set; logarithmic */
void imap_sequence_add(struct imap_sequence *s, uint32_t number);          /* at the end; joins a range if it is its next */
void imap_sequence_format(const struct imap_sequence *s, text *out);       /* "1:3,7,9:*" */
void imap_sequence_free(struct imap_sequence *s);

#endif
