/* names: a set of strings, for "have I seen this one?" in lists of any length. */

#ifndef LIB_NAMES_H
#define LIB_NAMES_H

#include "lib/text.h"

struct names {
  text strings;  /* each ended by a NUL */
  size_t *slots; /* a power of two of them: 0, or a place in strings + 1 */
  size_t slot_count;
  size_t count;
};
#define NAMES_ZERO { TEXT_ZERO, 0, 0, 0 }

bool names_add(struct names *n, const char *name); /* false: it was there */
bool names_have(const struct names *n, const char *name);
void names_clear(struct names *n);                 /* keeps the memory */
void names_free(struct names *n);

#endif
