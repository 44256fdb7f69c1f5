/* envelope: the head of a queue file (doc/queue.md). The same bytes are written by smtp-receive into the memfd that it
   hands to queue-add, so that there is one format and one parser. Parsing does no I/O. */

#ifndef LIB_ENVELOPE_H
#define LIB_ENVELOPE_H

#include "lib/record.h"

enum { /* fixed places in the first line: "postroom1 LLLLLLLLLL AAAAwTTTTTTTTTTTTTTTTTTTT\n" */
  ENVELOPE_LENGTH_AT = 10, ENVELOPE_LENGTH_WIDTH = 10,
  ENVELOPE_ATTEMPTS_AT = 21, ENVELOPE_ATTEMPTS_WIDTH = 4,
  ENVELOPE_WARNING_AT = 25,
  ENVELOPE_NEXT_AT = 26, ENVELOPE_NEXT_WIDTH = 20,
  ENVELOPE_FIRST_LINE = 47, /* bytes, with the newline */
  ENVELOPE_MAX_BYTES = 64 * 1024 * 1024
};

enum envelope_state {
  ENVELOPE_TODO = 'R',     /* to be tried */
  ENVELOPE_RELEASED = 'r', /* to be tried: the operator says so, although who submitted it may not send any more */
  ENVELOPE_TELLING = 'd',  /* delivered, and the report that was asked for is not queued yet (RFC 3461 4.1) */
  ENVELOPE_DONE = 'D',     /* delivered, or taken over by the next host */
  ENVELOPE_FAILING = 'f',  /* failed for good, the report is not queued yet */
  ENVELOPE_FAILED = 'F',   /* failed for good and reported */
  ENVELOPE_HELD = 'H',     /* held by the operator, and waits for him */
  ENVELOPE_BARRED = 'h'    /* held because who submitted it may not send any more; waits for the operator, too */
};
#define ENVELOPE_TO_TRY "Rr"
#define ENVELOPE_KEPT "Hh"
#define ENVELOPE_OPEN ENVELOPE_TO_TRY ENVELOPE_KEPT

enum envelope_warning {
  ENVELOPE_UNWARNED = ' ', /* nobody was told that it takes long; a 0 in the struct means this, too */
  ENVELOPE_WARNING = 'w',  /* the delay report is due and not queued yet */
  ENVELOPE_WARNED = 'W'    /* there was one: never another */
};

struct envelope_recipient {
  size_t at;           /* where its state byte lies in the file */
  char state;
  const char *address; /* ended by a NUL, the envelope's */
  text facts;          /* record: doc/queue.md, The file */
};

struct envelope {
  uint64_t birth_seconds; /* since 1970, when it was accepted */
  uint64_t next_seconds;  /* since 1970, when it is tried next; 0: at once */
  unsigned int attempts;
  char warning;           /* enum envelope_warning */
  size_t length;          /* of the envelope: the message begins here */
  text id;                /* with a NUL behind it, like all texts here */
  text sender;            /* "" is the null sender */
  text facts;             /* record: doc/queue.md, The file */
  struct envelope_recipient *recipients;
  size_t count;
};
#define ENVELOPE_ZERO { .id = TEXT_ZERO, .sender = TEXT_ZERO, .facts = TEXT_ZERO }

/* Building, then one envelope_format; parsing; both end with envelope_free. */
void envelope_add_recipient(struct envelope *e, const char *address, const text *facts); /* facts may be 0 */
void envelope_format(const struct envelope *e, text *bytes); /* adds the bytes, all recipients with their state */

/* How long the envelope says it is, from the first ENVELOPE_FIRST_LINE bytes of a file; 0 if these are not ours. */
size_t envelope_length(const char *bytes, size_t length);

/* bytes: the whole envelope (length from envelope_length). False if anything is not as doc/queue.md says. */
bool envelope_parse(struct envelope *e, const char *bytes, size_t length);
void envelope_free(struct envelope *e);

/* Is a recipient in one of these states? */
bool envelope_has(const struct envelope *e, const char *states);

/* Is it one that is held when who submitted the message may not send any more? Copies (of an archive) are not his. */
bool envelope_is_barrable(const struct envelope_recipient *r);
bool envelope_has_barrable(const struct envelope *e);

/* Does the recipient want to hear of this: "failure", "success", "delay"? Without a word about it: of failure (RFC 3461 4.1). */
bool envelope_wants(const struct envelope_recipient *r, const char *event);

#endif
