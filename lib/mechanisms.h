/* mechanisms: by which SASL mechanisms a client may log in: those that can work here and now, for everybody who is let in at this server. Who is offered one that cannot work
   takes it, and is refused with the right password. */

#ifndef LIB_MECHANISMS_H
#define LIB_MECHANISMS_H

#include "lib/secure.h"
#include "lib/tables.h"

struct mechanisms {
  struct tables *policy;  /* opened if need be; no tables: nothing that needs them */
  const text *bindings;   /* of TLS (lib/secure) */
  const struct secure_certificate *certificate; /* the client's */
};

void mechanisms_add(const struct mechanisms *m, const char *prefix, text *line); /* "PREFIXNAME PREFIXNAME..." */
bool mechanisms_has(const struct mechanisms *m, const char *name);               /* in upper case */
bool mechanisms_take_tokens(void);                                               /* is there a control/oauth? */
bool mechanisms_want_certificate(struct tables *policy);                         /* is anybody known by one? Then clients are asked for theirs. */

#endif
