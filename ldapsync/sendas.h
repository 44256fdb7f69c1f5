/* sendas: control/sendas: who may send as whom beyond his own addresses (T5). */

#ifndef LDAPSYNC_SENDAS_H
#define LDAPSYNC_SENDAS_H

#include "ldapsync/build.h"
#include "ldapsync/map.h"
#include "ldapsync/table.h"

struct sendas_login {
  char *login;
  text record; /* address= domain= any= file= */
};

struct sendas {
  struct sendas_login **all;
  size_t count, room;
  struct map by_login;
  text words; /* groups=yes lists=yes public=yes */
};
#define SENDAS_ZERO { .by_login = MAP_ZERO, .words = TEXT_ZERO }

/* sendas:KEY, sendas:* of policy.cdb. Dies with file and line; a login that nobody has is reported. */
void sendas_read(const struct build *b, struct table *policy);

/* "LOGIN ADDRESS|DOMAIN|*", "groups", "lists", "public". False with a sentence in error. No I/O. */
bool sendas_parse(struct sendas *s, const char *path, const text *bytes, text *error);

#endif
