/* bodystructure: BODY and BODYSTRUCTURE of a message (RFC 3501 7.4.2) from its parts. A multipart without parts is shown
   with one empty text part, since the grammar wants one. */

#ifndef IMAP_BODYSTRUCTURE_H
#define IMAP_BODYSTRUCTURE_H

#include "lib/mime.h"

void imap_body_add(text *out, const struct mime *m);          /* BODY: without extension data */
void imap_bodystructure_add(text *out, const struct mime *m); /* BODYSTRUCTURE */

#endif
