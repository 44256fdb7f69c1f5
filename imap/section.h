/* section: the octets of BODY[section]<partial>, RFC822, RFC822.HEADER and RFC822.TEXT (RFC 3501 6.4.5). */

#ifndef IMAP_SECTION_H
#define IMAP_SECTION_H

#include <stdbool.h>

#include "imap/command.h"
#include "lib/mime.h"

/* False if there is no such part (the response is NIL). octets.size is the literal's size; they point into the message,
   or into chosen where header fields were selected, which must stay until they are sent. */
bool imap_section_find(const struct mime *m, const struct imap_section *section, text *chosen, struct octets *octets);

/* Is the message's header enough for it? Then m may come from mime_parse of the header alone. BODY[HEADER...] is. */
bool imap_section_is_header(const struct imap_section *section);

#endif
