/* search: does a message match a search program (RFC 3501 6.4.4)? Strings match as substrings, whatever the case
   (Unicode), in header fields with RFC 2047 words decoded, in text parts with transfer encoding and character set
   taken off. Dates are compared by day: INTERNALDATE in UTC, Date fields in their own zone. */

#ifndef IMAP_SEARCH_H
#define IMAP_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "imap/command.h"
#include "lib/mime.h"

enum imap_search_result { IMAP_SEARCH_BROKEN = -1, IMAP_SEARCH_NO, IMAP_SEARCH_YES };

/* What is known of a message without opening it, and how to open it. */
struct imap_search_message {
  uint32_t sequence, uid;
  unsigned int flags;     /* IMAP_SEEN ... IMAP_RECENT */
  int64_t date_seconds;   /* INTERNALDATE */
  uint64_t size;          /* RFC822.SIZE */
  void *context;
  bool (*has_keyword)(void *context, const char *keyword);
  /* The message's bytes, which stay until the next imap_search_match. Called at most once for a message, and only if a
     key needs it. False if it cannot be read (it was expunged): the result is IMAP_SEARCH_BROKEN. */
  bool (*open)(void *context, struct bytes *message);
};

/* A program is prepared once: "*" is resolved (a number beyond the mailbox matches nothing), strings are converted and
   folded, cheap keys go first. */
enum imap_search_ready {
  IMAP_SEARCH_READY,
  IMAP_SEARCH_BAD_CHARSET, /* NO [BADCHARSET (US-ASCII UTF-8)] */
  IMAP_SEARCH_BAD_STRING   /* BAD: a string is not in the character set that the command names */
};
enum imap_search_ready imap_search_prepare(struct imap_command *c, uint32_t exists, uint32_t highest_uid);

bool imap_search_needs_size(const struct imap_command *c); /* is size looked at? */

struct imap_search; /* memory that is used for message after message */
struct imap_search *imap_search_open(const struct imap_command *c);
enum imap_search_result imap_search_match(struct imap_search *s, const struct imap_search_message *message);
void imap_search_close(struct imap_search *s);

#endif
