/* sendas: who may send as whom beyond his own addresses (T5): control/sendas, and what the directory grants (send-as of the profile). */

#ifndef LDAPSYNC_SENDAS_H
#define LDAPSYNC_SENDAS_H

#include "ldapsync/build.h"
#include "ldapsync/map.h"

struct sendas_login {
  char *login;
  text record; /* address= domain= any= file= */
};

struct sendas {
  struct sendas_login **all;
  size_t count, room;
  struct map by_login;
  struct map by_key; /* whose they are: records of all; the keys are its own */
  text words;        /* groups=yes lists=yes public=yes */
};
#define SENDAS_ZERO { .by_login = MAP_ZERO, .by_key = MAP_ZERO, .words = TEXT_ZERO }

void sendas_read(struct sendas *s); /* dies with file and line */

/* Whose are the logins? One that nobody has is reported. */
void sendas_match(struct sendas *s, const struct build *b);

/* The records sendas:KEY of a mailbox, and sendas:*; empty: none. */
void sendas_record(const struct sendas *s, const struct account *a, text *record);
void sendas_words(const struct sendas *s, text *record);

/* "LOGIN ADDRESS|DOMAIN|*", "groups", "lists", "public". False with a sentence in error. No I/O. */
bool sendas_parse(struct sendas *s, const char *path, const text *bytes, text *error);

#endif
