/* pins: by which certificates the host of a relay rule, or of a relayed domain, is known (S-31). More than one, so that the next
   is known before it is used (S-32). */

#ifndef LDAPSYNC_PINS_H
#define LDAPSYNC_PINS_H

#include "lib/record.h"

/* The fields' fingerprint lines to facts: fingerprint=SHA256, in lower-case hex. False with a sentence in error, also if tls (the
   field's value, or its default) does not go with them. */
bool pins_add(const text *fields, const char *tls, text *facts, text *error);

#endif
