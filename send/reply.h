/* reply: what an SMTP server answers, RFC 5321 4.2. Bytes in, struct out; no I/O. The server may be hostile: a line, the
   number of lines and so the whole reply are bounded. */

#ifndef SEND_REPLY_H
#define SEND_REPLY_H

#include "lib/text.h"

enum {
  REPLY_LINE_MAX = 4096, /* RFC 5321 4.5.3.1.5 says 512; some say more */
  REPLY_LINES_MAX = 100,
  REPLY_STATUS_MAX = 12  /* "5.123.123" */
};

struct reply {
  unsigned int code;  /* 200 to 599 */
  unsigned int count; /* of lines */
  text lines;         /* the text of each line, ended by a newline */
  text rest;          /* the beginning of a line whose end has not come yet */
};
#define REPLY_ZERO { .lines = TEXT_ZERO, .rest = TEXT_ZERO }

enum reply_result { REPLY_BROKEN = -1, REPLY_MORE, REPLY_DONE };

/* Before each reply. */
void send_reply_clear(struct reply *r);

/* Takes bytes until the reply is whole (REPLY_DONE); *used: how many. What follows belongs to the next reply. */
enum reply_result send_reply_parse(struct reply *r, const char *bytes, size_t length, size_t *used);

/* The enhanced status (RFC 2034) if the reply begins with one of its own class; otherwise false and status untouched. */
bool send_reply_status(const struct reply *r, char status[REPLY_STATUS_MAX]);

/* Adds the words without code and status, in one line of printable ASCII, at most so many bytes. */
void send_reply_words(const struct reply *r, text *words, size_t max);

#endif
