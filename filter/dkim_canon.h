/* dkim_canon: the canonical form "relaxed" of a message (RFC 6376 3.4.2, 3.4.4), without I/O: fields whole, the body in
   whatever pieces and with the memory of none. Only CRLF ends a line. */

#ifndef FILTER_DKIM_CANON_H
#define FILTER_DKIM_CANON_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/text.h"

/* Adds "name:value", without the line end. */
void dkim_canon_field(text *out, struct bytes name, struct bytes value);

struct dkim_body {
  void (*take)(void *to, const char *bytes, size_t length); /* gets the canonical form, in pieces */
  void *to;
  /* the reader's: begin as 0 */
  uint64_t lines;  /* ends of lines that nothing has come behind yet */
  bool has_space;  /* white space that nothing has come behind yet, in this line */
  bool after_cr;
  bool has_any;
  size_t length;
  char piece[4096];
};

void dkim_body_feed(struct dkim_body *b, const char *bytes, size_t length);
void dkim_body_end(struct dkim_body *b);

#endif
