/* charset: text of any character set to UTF-8, by iconv; a byte that has no meaning becomes U+FFFD. The output is at
   most a small multiple of the input. iconv loads its tables from the system's gconv folder when a set is first opened:
   the sandboxes (lib/landlock) let it be read. */

#ifndef LIB_CHARSET_H
#define LIB_CHARSET_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/text.h"

struct charset;

/* 0 if the name is not known. US-ASCII is read as UTF-8, of which it is a part, for what is really there. */
struct charset *charset_open(const char *name, size_t length);
void charset_close(struct charset *c); /* 0 is allowed */

/* Piece by piece; charset_end tells of a character that was cut off, and makes it ready for another text. */
void charset_add(struct charset *c, const char *bytes, size_t length, text *utf8);
void charset_end(struct charset *c, text *utf8);

bool charset_is_known(const char *name);

/* All at once and strictly, for what a client sent: false if the set is unknown or the bytes are not of it. */
bool charset_convert(const char *name, const char *bytes, size_t length, text *utf8);

#endif
