/* data: reads the content that follows DATA (RFC 5321 4.5.2), without I/O. Its end is CRLF.CRLF and nothing else
   (check 1); a CR or LF that stands alone is noted, and does not begin a line. The bytes may come in any pieces. */

#ifndef SMTPD_DATA_H
#define SMTPD_DATA_H

#include "lib/text.h"

enum smtpd_data_state { DATA_LINE_START, DATA_AFTER_DOT, DATA_AFTER_DOT_CR, DATA_IN_LINE, DATA_AFTER_CR, DATA_ENDED };

struct smtpd_data {
  enum smtpd_data_state state; /* begins as DATA_LINE_START, 0 */
  bool has_bare;               /* a bare CR or LF: what was read is not a message */
};

/* Adds the content, without the stuffed dots, to out. Returns how many bytes belong to the data; what is left behind
   them, once the state is DATA_ENDED, are commands. */
size_t smtpd_data_feed(struct smtpd_data *d, const char *bytes, size_t length, text *out);

#endif
