/* line: collects the lines of a client out of the bytes it sends, without I/O. A line ends with CRLF, or LF alone. One that is too long is told once, when it has
   ended, and none of it is kept: memory is what has arrived, at most the limit. */

#ifndef POP3_LINE_H
#define POP3_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/text.h"

/* RFC 2449 4: a command has up to 255 octets with its CRLF. RFC 5034 4: what answers a challenge may be as long as its mechanism needs; passwords and tokens may, too. */
enum { POP3_LINE_MAX = 253, POP3_LINE_MAX_BEFORE_LOGIN = 12288 };

enum pop3_line_result { POP3_LINE_MORE, POP3_LINE_DONE, POP3_LINE_TOO_LONG };

struct pop3_line {
  text bytes;      /* the line without its end, at POP3_LINE_DONE; emptied by the next pop3_line_add */
  size_t max;
  bool is_full;    /* a line was given out */
  bool is_skipped; /* it is too long */
};

/* *used: how many of the bytes belong to this line; all of them at POP3_LINE_MORE. */
enum pop3_line_result pop3_line_add(struct pop3_line *l, const char *bytes, size_t length, size_t *used);

void pop3_line_wipe(struct pop3_line *l); /* what was sent is forgotten */

#endif
