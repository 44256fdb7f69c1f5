/* envelope: the ENVELOPE of a message (RFC 3501 7.4.2). Sender and reply-to are those of From where they are missing;
   several To, Cc or Bcc fields are one list; of others the first counts. Linear in the header's bytes. */

#ifndef IMAP_ENVELOPE_H
#define IMAP_ENVELOPE_H

#include "lib/text.h"

void imap_envelope_add(text *out, const char *header, size_t length); /* "(...)", from the header's bytes */

#endif
