/* lines: makes each line of a submitted message end with CRLF (RFC 6409 8), without I/O and in whatever pieces. A bare LF is
   a line's end, and so is a CR, or a row of them, before anything. What ends DATA was decided before (smtpd/data). */

#ifndef SMTPD_LINES_H
#define SMTPD_LINES_H

#include "lib/text.h"

struct smtpd_lines {
  bool after_cr; /* a CR came, and its line is not ended yet */
};

void smtpd_lines_add(struct smtpd_lines *l, const char *bytes, size_t length, text *out);
void smtpd_lines_end(struct smtpd_lines *l, text *out); /* nothing follows */

#endif
