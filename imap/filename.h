/* filename: the name of a message in a Maildir: BASE:2,FLAGS, where BASE may end in ,S=BYTES and ,W=BYTES (its size as
   it lies there, and with CRLF at the end of each line). No I/O. */

#ifndef IMAP_FILENAME_H
#define IMAP_FILENAME_H

#include <stdbool.h>
#include <stddef.h>

#include "imap/marks.h"
#include "lib/text.h"

#define IMAP_SIZE_UNKNOWN UINT64_MAX

struct imap_filename {
  size_t base;    /* length of the base: what identifies the message */
  imap_marks marks;
  uint64_t size;  /* of ,S= */
  uint64_t wire;  /* of ,W= */
};

/* False if it is no message: it begins with a dot, or holds a byte that a name cannot have (control, slash). */
bool imap_filename_parse(struct imap_filename *f, const char *name, size_t length);

size_t imap_filename_base(const char *name, size_t length); /* only that */

/* The same base with these marks. Letters of the old name that mean nothing here are kept. */
void imap_filename_format(text *name, const char *old, size_t length, imap_marks marks);

#endif
