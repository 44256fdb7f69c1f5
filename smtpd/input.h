/* input: what the client sent and was not read yet. Taking a line does no I/O, so the caller knows when the input is
   used up: that is when answers must go out (RFC 2920 3.2). Its memory does not grow, however long a line is. */

#ifndef SMTPD_INPUT_H
#define SMTPD_INPUT_H

#include <stdbool.h>
#include <stddef.h>

enum { INPUT_BYTES = 32768, INPUT_BEGAN_BYTES = 5 };

struct smtpd_input {
  size_t start, end;      /* what is unread in bytes */
  size_t reach;           /* up to there, or to end, bytes were written to */
  bool is_skipping;       /* in a line that is too long */
  bool is_broken;         /* behind a bare LF, which was told: up to CRLF nothing is a line */
  char began[INPUT_BEGAN_BYTES]; /* how the line began that is too long */
  char bytes[INPUT_BYTES];
};

enum smtpd_line {
  LINE_INCOMPLETE,
  LINE_TAKEN,
  LINE_TOO_LONG, /* over max bytes: it was passed over; line is how it began, INPUT_BEGAN_BYTES bytes */
  LINE_BARE      /* it has a CR or LF that is not part of a CRLF (check 2); what is left of it up to CRLF will be passed over, so
                    that there is one answer to a line, at its first bare LF, and nothing behind that is a command */
};

/* The next line without its CRLF; it stands until the input is filled again. */
enum smtpd_line smtpd_input_line(struct smtpd_input *in, size_t max, const char **line, size_t *length);

/* Where to read to, and how much there is room for: at least one byte while lines of less than INPUT_BYTES are taken. */
char *smtpd_input_room(struct smtpd_input *in, size_t *room);
void smtpd_input_forget(struct smtpd_input *in);
void smtpd_input_wipe(struct smtpd_input *in); /* what was read is overwritten: it was a password */

#endif
