/* dkim_header: which fields of a header are signed, and the DKIM-Signature field (RFC 6376 3.5, 5.4), without I/O. */

#ifndef FILTER_DKIM_HEADER_H
#define FILTER_DKIM_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

enum { DKIM_FIELDS_MAX = 200 };

/* From, and that there is no other one; then from below To, Cc, Subject, Date, Message-ID and what says how the message is to be
   read and answered, at most DKIM_FIELDS_MAX fields. names: as h= has them; canonical: the fields, as they are hashed. */
void dkim_header_choose(const char *header, size_t length, text *names, text *canonical);

struct dkim_signature {
  const char *algorithm, *domain, *selector;
  uint64_t seconds; /* since 1970 */
  const text *names;
  const text *body_hash; /* base64 */
};

/* Adds the field, folded, up to its b=, which is empty and stands last; hashed: its canonical form. */
void dkim_header_begin(text *out, const struct dkim_signature *s, text *hashed);
void dkim_header_end(text *out, const text *value); /* adds the base64, folded, and the line's end */

#endif
