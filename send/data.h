/* data: a message as it goes over the wire after DATA, RFC 5321 4.5.2 and 2.3.8. No I/O.

   Out come lines that end with CRLF and hold no other CR or LF, at most DATA_LINE_MAX bytes long, with a dot doubled
   at their beginning; then the line with the single dot. So no server, however it reads a bare CR or LF, sees an end
   or a command where we mean none. A longer line is broken by CRLF and a space. */

#ifndef SEND_DATA_H
#define SEND_DATA_H

#include "lib/text.h"

enum { DATA_LINE_MAX = 998 };

#define DATA_END ".\r\n"

/* True if all its lines are such already, but for the dots: it could be a chunk (RFC 3030) as it is. *has_dot: and could not go
   out behind DATA as it is, with only DATA_END behind it, because a line begins with a dot. */
bool send_data_is_plain(const char *bytes, size_t length, bool *has_dot);
bool send_data_is_clean(const char *bytes, size_t length); /* plain, and without such a dot */
bool send_data_has_8bit(const char *bytes, size_t length);

struct data {
  size_t column; /* bytes in the line so far */
  bool after_cr;
};
#define DATA_ZERO { 0, false }

/* A part of the message of any length, then the next; then the end. Both add to out. */
void send_data_add(struct data *d, const char *bytes, size_t length, text *out);
void send_data_end(struct data *d, text *out);

#endif
