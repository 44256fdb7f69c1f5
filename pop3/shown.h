/* shown: a message as POP3 sends it: no line is a dot alone (RFC 1939 3, byte-stuffing), and the last line has its end. No I/O. */

#ifndef POP3_SHOWN_H
#define POP3_SHOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/octets.h"

struct pop3_shown {
  struct octets octets;
  struct bytes piece; /* of it, what is still to be given */
  bool in_line;       /* what was given last is not the end of a line */
  bool owes_line;     /* a dot was given: the bytes behind it follow as they are */
};

/* All of the bytes of a file, or, for TOP, its header, the empty line and so many lines of the body. */
struct pop3_shown pop3_shown_of(const char *bytes, size_t length);
struct pop3_shown pop3_shown_top(const char *bytes, size_t length, uint64_t lines);

/* The next bytes to send, valid as long as the file's are; false: that was all, and "." CRLF ends it. */
bool pop3_shown_next(struct pop3_shown *s, struct bytes *run);

#endif
