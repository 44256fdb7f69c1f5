/* transfer: takes the Content-Transfer-Encoding off (RFC 2045 6), piece by piece, tolerantly: what is no base64 is
   skipped, what is no quoted-printable escape stays as it is. Output is never longer than input and what was kept. */

#ifndef LIB_TRANSFER_H
#define LIB_TRANSFER_H

#include <stdint.h>

#include "lib/bytes.h"
#include "lib/quoted.h"
#include "lib/text.h"

enum transfer_kind { TRANSFER_NONE, TRANSFER_QUOTED, TRANSFER_BASE64 };

struct transfer {
  enum transfer_kind kind;
  struct quoted quoted;
  uint32_t bits;           /* of base64: what is not yet a byte */
  unsigned int bit_count;
};
#define TRANSFER_ZERO { TRANSFER_NONE, QUOTED_ZERO, 0, 0 }

enum transfer_kind transfer_kind_of(struct bytes encoding); /* unknown words, 7bit, 8bit, binary: TRANSFER_NONE */
void transfer_start(struct transfer *t, enum transfer_kind kind);
void transfer_add(struct transfer *t, const char *bytes, size_t length, text *out);
void transfer_end(struct transfer *t, text *out); /* what was kept back */
void transfer_free(struct transfer *t);

#endif
