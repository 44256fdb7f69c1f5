/* quote: strings in responses (RFC 3501 4.3, 9): quoted where it may be, else a literal. A NUL is sent as 0x80. */

#ifndef IMAP_QUOTE_H
#define IMAP_QUOTE_H

#include "lib/bytes.h"
#include "lib/text.h"

void imap_quote_add(text *out, const char *bytes, size_t length);         /* string */
void imap_quote_add_bytes(text *out, struct bytes string);                /* nstring: NIL if s is 0 */
void imap_quote_add_astring(text *out, const char *string);               /* as an atom if it can be; mailbox names */

#endif
