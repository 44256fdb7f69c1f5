/* message: what is to be sent: a queue file from an offset to its end. */

#ifndef SEND_MESSAGE_H
#define SEND_MESSAGE_H

#include "lib/text.h"

struct message {
  int fd;
  uint64_t offset, size; /* bytes, with CRLF as the file has them (RFC 1870 4) */
  bool is_whole;         /* small: bytes holds all of it */
  bool is_plain;         /* whole, and may be a chunk as it is (send_data_is_plain) */
  bool is_clean;         /* whole, and may go out as it is (no line begins with a dot) */
  bool has_8bit;
  bool has_8bit_header;
  bool is_own;           /* we wrote it: rather than be returned it loses its signature */
  text bytes;            /* all of it, or the part that was read last */
};
#define MESSAGE_ZERO { .fd = -1, .bytes = TEXT_ZERO }

/* Reads and looks through it. The descriptor stays the caller's. False with errno. */
bool send_message_open(struct message *m, int fd, uint64_t offset);

/* The part at so many bytes from the message's beginning, into bytes; false with errno. At the end bytes is empty. */
bool send_message_read(struct message *m, uint64_t at);

#endif
