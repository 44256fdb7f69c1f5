/* oauth: control/oauth, which access tokens are taken, and what they must say. It is read at each attempt. */

#ifndef AUTH_OAUTH_H
#define AUTH_OAUTH_H

#include "lib/record.h"

#define OAUTH_KEYS "control/oauthkeys"     /* a JWK set (RFC 7517): tokens of these keys are checked here */
#define OAUTH_CLIENT "control/oauthclient" /* name and secret by which token-check introspects: mail-oauth alone reads it */

enum { OAUTH_SKEW = 30, OAUTH_SKEW_MAX = 300, OAUTH_KEEP = 60, OAUTH_KEEP_MAX = 3600 };

struct oauth {
  text fields;               /* control/oauth, in which the rest lies */
  const char *issuer;        /* "" if any will do */
  const char *user;          /* the claim that names the login */
  const char *introspect;    /* the URL that is asked, or "" */
  const char *configuration; /* what clients are told, or "" */
  text scope;                /* all that a token needs, with a space between */
  uint64_t skew, keep;       /* seconds */
};
#define OAUTH_ZERO { .fields = TEXT_ZERO, .issuer = "", .user = "", .introspect = "", .configuration = "", .scope = TEXT_ZERO }

enum oauth_result { OAUTH_BROKEN = -1, OAUTH_ABSENT, OAUTH_READ };

/* BROKEN: error says what is wrong. audience= is in fields, any number of times. */
enum oauth_result oauth_read(struct oauth *o, text *error);

/* The bytes of the file, for tests. False with a sentence in error. */
bool oauth_parse(struct oauth *o, const char *bytes, size_t length, text *error);
void oauth_free(struct oauth *o);

#endif
