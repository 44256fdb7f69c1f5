/* quoted: decodes quoted-printable (RFC 2045 6.7) piece by piece. White space at a line's end goes, a soft line break
   goes, an escape that is none stays as it is. */

#ifndef LIB_QUOTED_H
#define LIB_QUOTED_H

#include "lib/text.h"

struct quoted {
  text kept; /* an escape or white space that may yet turn out to be something: at most a line's length of spaces */
};
#define QUOTED_ZERO { TEXT_ZERO }

void quoted_start(struct quoted *q);
void quoted_add(struct quoted *q, const char *bytes, size_t length, text *out);
void quoted_end(struct quoted *q, text *out);
void quoted_free(struct quoted *q);

#endif
