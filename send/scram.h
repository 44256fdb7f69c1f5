/* scram: the client's side of SCRAM-SHA-256 (RFC 5802, 7677), without channel binding: the password is not said, and the server
   proves that it knows it. Bytes in, bytes out; no I/O. What the server says is hostile. */

#ifndef SEND_SCRAM_H
#define SEND_SCRAM_H

#include "lib/mac.h"
#include "lib/text.h"

struct scram {
  text nonce;                      /* ours */
  text said;                       /* what both have said, which both sign: AuthMessage */
  bool is_proved;                  /* by us: from then on the server has something to show */
  unsigned char server[MAC_SIZE];  /* what the server has to show at the end */
};
#define SCRAM_ZERO { .nonce = TEXT_ZERO, .said = TEXT_ZERO }

/* Our first message. nonce: printable, random, without a comma. */
void send_scram_first(struct scram *s, const char *login, const char *nonce, text *message);

/* The server's first message to our last; 0, or a sentence about what is wrong with it: message is then empty. */
const char *send_scram_last(struct scram *s, const char *password, const char *challenge, size_t length, text *message);

/* Does the server's last message prove that it knows the password? */
bool send_scram_check(const struct scram *s, const char *challenge, size_t length);

void send_scram_free(struct scram *s);

#endif
