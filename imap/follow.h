/* follow: finds the end of an answer in the bytes of another IMAP server process: untagged lines, with their literals, are to be passed
   on as they come; the line that begins with the tag "r", and one that begins with "+", are kept. No I/O. Memory is one such line. */

#ifndef IMAP_FOLLOW_H
#define IMAP_FOLLOW_H

#include "lib/bytes.h"
#include "lib/text.h"

#define IMAP_FOLLOW_TAG "r"
#define IMAP_FOLLOW_LINE_MAX (1024 * 1024)

enum imap_follow_result {
  IMAP_FOLLOW_BROKEN = -1, /* no IMAP, or a line that is kept is too long */
  IMAP_FOLLOW_MORE,        /* all bytes are taken; pass: some of them, perhaps none */
  IMAP_FOLLOW_CONTINUE,    /* a "+" line; the server waits */
  IMAP_FOLLOW_DONE         /* the tagged line: line has what follows the tag */
};

struct imap_follow {
  text line;        /* of CONTINUE and DONE; without the line's end */
  enum { IMAP_FOLLOW_AT_START, IMAP_FOLLOW_IN_LINE, IMAP_FOLLOW_KEEPS, IMAP_FOLLOW_KEPT } state;
  uint64_t literal; /* bytes of one still to come */
  char tail[24];    /* the end of the line so far: a literal may be announced there */
  size_t tail_length;
};
#define IMAP_FOLLOW_ZERO { .line = TEXT_ZERO }

/* used: so many bytes are taken; pass: of these, what is to be passed on. To be called again with the rest. */
enum imap_follow_result imap_follow_add(struct imap_follow *f, const char *bytes, size_t length, size_t *used, struct bytes *pass);

/* Is the client in the middle of a line? */
bool imap_follow_is_inside(const struct imap_follow *f);

void imap_follow_free(struct imap_follow *f);

#endif
