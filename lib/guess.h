/* guess: failed logins, counted per client network and per name, so that who guesses is slowed down and then kept out for a while,
   and the owner of a name is not (doc/auth-server.md, Guessing, has the numbers and why). The counts lie in state/limits/mail-auth
   (lib/limits): they outlast a restart, are bounded whoever fills them, and `mailadm auth` changes them for all processes at once.

   Of a network in which a name has logged in a short while ago the name's failures are counted apart: neither does one user who
   mistypes keep out those who sit behind the same address, nor a stranger elsewhere the user. */

#ifndef LIB_GUESS_H
#define LIB_GUESS_H

#include "lib/limits.h"
#include "lib/mac.h"

#define GUESS_USER "mail-auth" /* whose store it is */

enum { GUESS_BLOCK = 30, GUESS_BLOCK_MAX = 1000, GUESS_KNOWN_SECONDS = 30 * 86400 };

/* Whom a try is about, as it stands in the keys of the store. */
void guess_who_mailbox(text *who, const char *name);
void guess_who_backend(text *who, const char *name);
/* A name that is nobody's may be a password in the wrong field: 64 bits of an HMAC stand for it. */
void guess_who_unknown(text *who, const unsigned char *key, const char *login);
bool guess_key_read(unsigned char *key); /* state/limits/mail-auth/key; false with errno */
bool guess_key_make(unsigned char *key); /* reads it, or makes it; false: this one is good as long as the process */

struct guess {
  const char *who;
  const char *ip;  /* of the client */
  bool is_shared;  /* many people log in through it (control/authproxies): it is not counted as a network */
};

struct guess_count {
  unsigned int failures;
  uint64_t seconds_ago; /* the last one */
};

struct guess_state {
  struct guess_count network, wide, name, here; /* wide: the IPv6 /48; here: of this name in a network that it is known in */
  bool has_logged_in;        /* the name has, from this network */
  bool is_known;             /* and has not failed here too often since: what the others count is not about it */
  unsigned int delay_ms;     /* the next try waits */
  uint64_t blocked_seconds;  /* not 0: it is not looked at, for so long */
  bool is_uncounted;         /* the store cannot be used: every try waits */
};

void guess_look(struct limits *l, const struct guess *g, struct guess_state *state);
void guess_failed(struct limits *l, const struct guess *g);
void guess_right(struct limits *l, const struct guess *g);

/* The keys under which something is counted, each ended by a NUL: of an address, or of a name (and all networks it is known in,
   which begin with the last of the keys and a space). */
void guess_keys_of_network(text *keys, const char *ip);
void guess_keys_of_who(text *keys, const char *who);

/* An entry of the store, for the operator: false, it is none of these. left: what is left of its count. */
bool guess_parse(const struct limits_entry *entry, struct guess_count *left);
bool guess_clear(struct limits *l, const char *key); /* its failures; where a name is known it stays known */
unsigned int guess_delay_ms(const char *key, unsigned int failures);
uint64_t guess_blocked_seconds(const char *key, unsigned int failures);

#endif
