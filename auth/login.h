/* login: is this login and password somebody's, and may he use this service? The tables decide; auth-bind is asked where
   only the directory knows. An unknown name takes as long as a wrong password. */

#ifndef AUTH_LOGIN_H
#define AUTH_LOGIN_H

#include "lib/apppassword.h"
#include "lib/guess.h"
#include "lib/scramkeys.h"

enum login_result { LOGIN_LATER = -1, LOGIN_NO, LOGIN_YES };

#define LOGIN_CERTIFICATE "certificate" /* what vouches for somebody, as the log calls it */

struct login_try {
  const char *service;  /* imap, pop3, sieve, submit */
  const char *ip;       /* of the client */
  const char *login;    /* in lower case */
  const char *acts_for; /* whose mailbox is asked for, if it is not his own (auth/master); else 0 */
  const char *password; /* 0: the client has not said it, but tried to prove that it has the keys that login_keys gave */
  const char *stored;   /* these keys, as they are stored */
  const char *token;    /* the access token, if there was one: the same wrong one again is not counted again; else 0 */
  const char *vouched;  /* "token", LOGIN_CERTIFICATE: what says who it is, where there is no password and no key; 0: nothing */
  const char *acts_as;  /* then who the client says he is, or "": he has to be the same */
  bool is_proved;       /* by the keys, or what vouches */
  bool is_test;         /* of the operator (auth-test): not slowed down, not counted, not remembered */
};

struct login_answer {
  text name;          /* the primary address, after YES */
  text mailbox;       /* its key, if the name is somebody's */
  text master;        /* who has logged in, if it is for somebody else; else "" */
  text backend;       /* NAME of control/backends, if it is a backend's; else "" */
  text error;         /* after LATER */
  struct apppassword app; /* the app password that was right; its id is "" if it was none */
  text fits, fits_of; /* the stored hash that the password was of, and whose it is; else "" (auth/rehash.h) */
  bool is_missed;     /* of LATER: the password is not the one that is kept for when no directory server can be reached */
  text bound;         /* whose password a directory server has said to be right; else "" (auth/bindcache.h) */
  bool lacks_keys, lacks_sha1_keys; /* no keys for SCRAM-SHA-256, SCRAM-SHA-1 are beside it */
  bool is_ours;       /* its entry is in directory/ */
  const char *reason; /* for the log: why NO, or how YES was found */
  text said;          /* of a test: what the directory server said */
  struct guess_state guess; /* of a test: how it stands with failures before this one */
};
#define LOGIN_ANSWER_ZERO { .reason = "" }

void login_prepare(void); /* the parent, once: what all children share, and a hash to compare unknown names with */
void login_refresh(void); /* the parent, before each child: the current tables */
bool login_is_service(const char *service);
bool login_has_keys(enum scramhash hash); /* may SCRAM be tried: have all logins keys (tables-build)? */

/* What was said as the name: who logs in, and for whom ("": himself). As it is if that is somebody's name. */
void login_split(const char *said, text *login, text *acts_for);

/* The keys for SCRAM by keys->hash that are stored of a login (of try, nothing more is needed); if there are none, those of a stranger, and stored is "". YES or LATER. */
enum login_result login_keys(const struct login_try *try, struct scramkeys *keys, text *stored, struct login_answer *answer);
/* A name that was said, as it may stand in the log: as it is if it is somebody's, or an address of a domain of ours; else it may be a
   password in the wrong field, and what `mailadm auth show NAME` makes of it stands for it. */
void login_show(const char *login, text *shown);
enum login_result login_check(const struct login_try *try, struct login_answer *answer);

/* Before somebody else is asked about a token: LATER, if too many logins have failed for one by this name, and from there, to be looked at. Else YES. */
enum login_result login_may_try(const struct login_try *try, struct login_answer *answer);
void login_forget(struct login_answer *answer); /* whose login was tried last, and why not */

/* After YES, when the client has been told: what is kept of it. */
void login_finish(const struct login_try *try, struct login_answer *answer);

#endif
