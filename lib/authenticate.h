/* authenticate: a login that auth-server decides (doc/calls.md, "The login"), for a server whose client is not known yet. What the client said goes there as it
   came; on yes the client's socket goes there, too, and somebody else speaks to it from then on. */

#ifndef LIB_AUTHENTICATE_H
#define LIB_AUTHENTICATE_H

#include "lib/secure.h"

enum authenticate_result {
  AUTHENTICATE_LATER = -1, /* nobody can log in now; the log says why */
  AUTHENTICATE_NO,
  AUTHENTICATE_CONTINUE,   /* the challenge goes to the client, whose line goes to authenticate_answer */
  AUTHENTICATE_YES,
  AUTHENTICATE_STARTED,    /* of authenticate_start: the client's socket is somebody else's */
  AUTHENTICATE_LIMIT       /* the same: too many sessions of his */
};

struct authenticate {
  const char *service;
  const char *ip;          /* of the client */
  const text *bindings;    /* of its TLS, and its certificate (lib/secure) */
  const struct secure_certificate *certificate;
  int call;                /* -1: none */
  text answer;             /* what auth-server said last: name=, error= ... */
};
const char *authenticate_challenge(const struct authenticate *a); /* BASE64 */

/* Over TLS, which the caller has made sure of. initial: BASE64, "=" is an empty one; without a length the client sent none. */
enum authenticate_result authenticate_begin(struct authenticate *a, const char *mechanism, const char *initial, size_t length);
enum authenticate_result authenticate_password(struct authenticate *a, const char *login, const char *password);

enum authenticate_result authenticate_answer(struct authenticate *a, const char *line, size_t length); /* without a NUL inside */
void authenticate_give_up(struct authenticate *a);
void authenticate_end(struct authenticate *a); /* hangs up, and forgets the answer */

/* After yes: the client on fd 0 goes on, with what its session has to know (tag) and what it has sent behind its command. */
enum authenticate_result authenticate_start(struct authenticate *a, const char *tag, const char *ahead, size_t length);

#endif
