/* octets: a range of a message as a client must see it: each line ends with CRLF, no byte is NUL. A file whose lines
   end so already is handed on in one piece without a copy; in another, a bare LF is shown as CRLF and a NUL as 0x80
   (RFC 3501 CHAR8), in pieces that need no memory. Every size told to a client is one of octets, never one of a file. */

#ifndef LIB_OCTETS_H
#define LIB_OCTETS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/text.h"

struct octets {
  const char *s;   /* where the next piece begins in the file's bytes */
  const char *end;
  bool is_plain;   /* shown as it is */
  uint64_t size;   /* octets still to be shown */
  bool after_cr;   /* the inside of octets_next: what was shown last */
  bool owes_lf;
};

/* All bytes from the start. One pass over them counts the size and finds whether they are plain. */
struct octets octets_of(const char *bytes, size_t length);

/* The same when is_plain is known of a range around it (of the whole message): then it costs nothing. */
struct octets octets_of_plain(const char *bytes, size_t length, bool is_plain);

/* Leaves only octets offset .. offset+count-1; over the end: nothing (RFC 3501 6.4.5, <partial>). */
void octets_narrow(struct octets *o, uint64_t offset, uint64_t count);

/* The next piece; false when size octets were given. The piece is valid as long as the bytes are. */
bool octets_next(struct octets *o, struct bytes *piece);

void octets_add(struct octets o, text *out); /* all pieces */

#endif
