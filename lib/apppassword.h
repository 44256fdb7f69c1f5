/* apppassword: a password that one program or device of a user has for itself: how it is written for people, and the line that is
   stored of it, "ID SERVICE,SERVICE SECONDS {SSHA256}HASH NAME". Bytes in, bytes out; no I/O but the random bytes of a new one. */

#ifndef LIB_APPPASSWORD_H
#define LIB_APPPASSWORD_H

#include "lib/text.h"

enum { APPPASSWORD_NAME_MAX = 64, APPPASSWORD_COUNT_MAX = 50 }; /* bytes of a name; of one account */

struct apppassword {
  text id;       /* 16 hex digits, never used again */
  text services; /* "imap,submit", each ended by a comma */
  text stored;   /* the hash */
  text name;
  uint64_t made; /* seconds since 1970 */
};
#define APPPASSWORD_ZERO { .id = TEXT_ZERO }

bool apppassword_parse(struct apppassword *a, const char *line);
void apppassword_format(const struct apppassword *a, text *line); /* adds it */
void apppassword_free(struct apppassword *a);

/* What an operator writes: "imap,submit" or "all"; false: none of imap, pop3, sieve, submit. */
bool apppassword_services(const char *words, text *services);
bool apppassword_serves(const struct apppassword *a, const char *service);

/* Printable ASCII or UTF-8, no control characters, no space at an end. */
bool apppassword_name_check(const char *name);

/* A new one: plain is what is hashed, 140 random bits; shown is that in groups of four. */
void apppassword_make(text *plain, text *shown);

/* What somebody has typed, without spaces, hyphens and capitals; false: it is no app password, so that none need be compared. */
bool apppassword_plain(const char *typed, text *plain);

#endif
