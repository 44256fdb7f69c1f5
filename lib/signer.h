/* signer: the DKIM signature of a message that this host writes itself (L-09): who signs it, what dkim-sign is asked (doc/calls.md), and
   the message with what it answered. Who sends it asks in a way of his own, and sends it unsigned if there is no signature to be had. */

#ifndef LIB_SIGNER_H
#define LIB_SIGNER_H

#include "lib/tables.h"

/* The domain that signs for this From address: its own, if it is one of ours or has a line in control/dkim; else the next above it of which
   that is so (mail.example.org: example.org, by which DMARC is content, RFC 7489 3.1.1). False: nobody, or control/dkim is wrong, which error
   then says. policy: opened if it is not; 0, of a program that may not read the tables: the names in control/domains tell which are ours. */
bool signer_find(struct tables *policy, const char *from, text *domain, text *error);

void signer_request(text *request, const char *id, const char *domain, uint64_t offset);

/* file: an envelope and a message behind it. A new memfd with the fields of the answer between them; -1 with a sentence. */
int signer_join(int file, const text *answer, const char **error);

#endif
