/* bytes: a range of bytes that somebody else owns. s is 0 for "there is none", which is not the same as an empty one. */

#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include <stddef.h>

struct bytes {
  const char *s;
  size_t len;
};
#define BYTES_ZERO { 0, 0 }

size_t bytes_ascii_run(const char *s, size_t length); /* how many from the first on are below 0x80; eight at a time */

#endif
