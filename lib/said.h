/* said: what was said about one recipient at one attempt: a line of queue/log/ID. send-schedule writes them, qstat and
   the reports read the last about each recipient. Bytes in, struct out, no I/O.

   SECONDS ATTEMPT done|later|never STATUS CODE RECIPIENT REMOTE TEXT [POLICY], fields escaped as in an envelope, "-" if empty */

#ifndef LIB_SAID_H
#define LIB_SAID_H

#include "lib/envelope.h"

enum said_verdict { SAID_LATER, SAID_DONE, SAID_NEVER };

struct said {
  uint64_t seconds; /* since 1970 */
  unsigned int attempt;
  enum said_verdict verdict;
  text status; /* RFC 3463; all texts end with a NUL */
  unsigned int code; /* SMTP, 0: none */
  text recipient;
  text remote; /* host and address that said it, or the file in the Maildir */
  text text;
  text policy; /* of TLS, that smtp-send went by: "dane", "dane verified", "dane verified-host" (doc/smtp-send.md) */
};
#define SAID_ZERO { .status = TEXT_ZERO, .recipient = TEXT_ZERO, .remote = TEXT_ZERO, .text = TEXT_ZERO, .policy = TEXT_ZERO }

void said_format(const struct said *s, text *line); /* adds a line with its newline */

/* One line without its newline. False if it is not one. */
bool said_parse(struct said *s, const char *line, size_t length);

/* From the bytes of a queue/log file the last line about each recipient of the envelope: said has room for them all. Those
   about whom there is none have the attempt 0. */
void said_read_last(struct said *said, const struct envelope *e, const char *bytes, size_t length);

const char *said_verdict_word(enum said_verdict verdict);
bool said_verdict_parse(const char *word, size_t length, enum said_verdict *verdict);
bool said_names_remote(const struct said *s); /* is there one, which the text does not begin with anyway? */
void said_free(struct said *s);

#endif
