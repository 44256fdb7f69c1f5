/* scram: the server's side of SCRAM-SHA-256 and SCRAM-SHA-1, each with -PLUS (RFC 5802, RFC 7677), bytes in, bytes out, without I/O. What the client says is
   hostile. first, then challenge with the keys of its login, then last. */

#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include "lib/scramkeys.h"

enum { AUTH_SCRAM_NONCE_MAX = 1024 };

enum auth_scram_result {
  AUTH_SCRAM_UNBOUND = -3,   /* it does not bind the channel as it should (RFC 5802 6) */
  AUTH_SCRAM_FOREIGN = -2,   /* it asks to act as somebody else */
  AUTH_SCRAM_MALFORMED = -1,
  AUTH_SCRAM_WRONG,          /* well formed, but no proof */
  AUTH_SCRAM_GOOD
};

struct auth_scram {
  bool is_plus;           /* the channel has to be bound */
  const text *channel;    /* a record: what it can be bound to, exporter= and endpoint= in base64; 0 or no exporter: nothing */
  text header;  /* gs2-header, as the client has said it, and what the channel is bound to behind it */
  text nonce;   /* the client's, later with ours behind it */
  text said;    /* what both have said, which both sign: AuthMessage */
};
#define AUTH_SCRAM_ZERO { .header = TEXT_ZERO, .nonce = TEXT_ZERO, .said = TEXT_ZERO }

/* client-first-message; GOOD: login is the name in it, as it was said. */
enum auth_scram_result auth_scram_first(struct auth_scram *s, const char *bytes, size_t length, text *login);

/* server-first-message. nonce: printable, random, without a comma. */
void auth_scram_challenge(struct auth_scram *s, const struct scramkeys *k, const char *nonce, text *message);

/* client-final-message; after GOOD message is server-final-message, our proof that we have the keys. */
enum auth_scram_result auth_scram_last(struct auth_scram *s, const struct scramkeys *k, const char *bytes, size_t length, text *message);

void auth_scram_free(struct auth_scram *s);

#endif
