/* encode: the body of one part as quoted-printable or base64 (RFC 2045 6.7, 6.8), in pieces. No I/O.

   The line end behind the last line is not given to these: it belongs to the boundary that follows. */

#ifndef SEND_ENCODE_H
#define SEND_ENCODE_H

#include "lib/text.h"

struct encode {
  size_t column;
  unsigned char held[3]; /* base64: bytes that fill no group yet */
  size_t held_count;
};
#define ENCODE_ZERO { .held_count = 0 }

/* A line or a piece of one, without its end; is_end: the line ends behind it. */
void send_encode_quoted(struct encode *e, const char *bytes, size_t length, bool is_end, text *out);
void send_encode_quoted_line_end(struct encode *e, text *out);

/* Bytes over 0x7f alone, of a body that says it is quoted-printable already. */
void send_encode_quoted_8bit(const char *bytes, size_t length, text *out);

void send_encode_base64(struct encode *e, const char *bytes, size_t length, text *out);
void send_encode_base64_end(struct encode *e, text *out);

#endif
