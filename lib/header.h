/* header: the fields of an RFC 5322 header, over bytes that stay where they are. Lines end with CRLF or LF. A line that
   is no field and continues none is given as a field without a name, so that nothing is lost and nothing ends early.
   All is one pass and needs no memory. */

#ifndef LIB_HEADER_H
#define LIB_HEADER_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/text.h"

struct header_field {
  struct bytes name;  /* without the white space before the colon (obs-optional); s is 0 for a line that is no field */
  struct bytes value; /* behind the colon, folded, without white space around it and without the last line end */
  struct bytes whole; /* all lines, with their line ends */
};

/* Length of the header in front of a body: fields and the empty line that ends them (or all, if there is none). */
size_t header_length(const char *bytes, size_t length);

/* Gives the fields one by one: at starts at 0. False at the empty line or the end. */
bool header_next(const char *bytes, size_t length, size_t *at, struct header_field *field);

/* The first field of that name (ASCII case does not matter). False if there is none. */
bool header_find(const char *bytes, size_t length, const char *name, struct header_field *field);
bool header_is(const struct header_field *field, const char *name);

/* Adds the value in one line: a fold (CRLF before white space) goes, the white space stays (RFC 5322 2.2.3). */
void header_unfold(text *out, struct bytes value);

/* Scanning structured values (RFC 5322 3.2). */

/* Skips white space, folds and comments (nested, to any depth; an open one ends with the value). */
size_t header_skip_space(const char *s, size_t length, size_t at);

/* Adds the content of the quoted string that begins at at (s[at] is the quote), without quotes, escapes and folds;
   gives the place behind it. An open one ends with the value. out may be 0. */
size_t header_take_quoted(const char *s, size_t length, size_t at, text *out);
size_t header_take_comment(const char *s, size_t length, size_t at, text *out); /* the same for "(...)" */

#endif
