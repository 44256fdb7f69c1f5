/* input: what a local program says is a message, into the lines of one: each ends with CRLF, whatever it ended
   with, and the header is told from the body. The header is in memory; a large body is in an unnamed file. */

#ifndef SENDMAIL_INPUT_H
#define SENDMAIL_INPUT_H

#include "lib/text.h"

enum sendmail_lines { LINES_START, LINES_AFTER_DOT, LINES_AFTER_DOT_CR, LINES_INSIDE, LINES_AFTER_CR, LINES_ENDED };

struct sendmail_input {
  bool ignores_dots;     /* else a line with a dot alone ends the message */
  uint64_t size_max;     /* of the body; 0: no limit */
  enum sendmail_lines state;
  text pending;          /* lines of which it is not known yet what they are */
  text header;           /* whole lines, without the empty one behind them */
  bool is_in_body;
  text body;             /* what is not in file */
  int file;              /* -1: all is in body */
  uint64_t in_file;      /* bytes */
  bool has_8bit;
};
#define SENDMAIL_INPUT_ZERO { .pending = TEXT_ZERO, .header = TEXT_ZERO, .body = TEXT_ZERO, .file = -1 }

enum sendmail_input_result { SENDMAIL_INPUT_BROKEN = -1, SENDMAIL_INPUT_TOO_BIG, SENDMAIL_INPUT_DONE };

/* Reads fd to its end, or to the dot. BROKEN with errno. */
enum sendmail_input_result sendmail_input_read(struct sendmail_input *in, int fd);

/* The bytes in any pieces, then the end: without I/O as long as the body is small. False with errno. */
bool sendmail_input_feed(struct sendmail_input *in, const char *bytes, size_t length);
bool sendmail_input_end(struct sendmail_input *in);

uint64_t sendmail_input_body_size(const struct sendmail_input *in);
void sendmail_input_free(struct sendmail_input *in);

#endif
