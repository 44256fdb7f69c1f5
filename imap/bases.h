/* bases: from the base of a file name to its place in a list (of messages, of strays). Who has the list compares: the table
   gives the places whose base may be the one. No I/O.

     for (struct imap_bases_walk w = imap_bases_find(&b, base, length); imap_bases_next(&b, &w, &place);)
       if (same base at place) ... */

#ifndef IMAP_BASES_H
#define IMAP_BASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imap_bases {
  uint64_t *slots; /* hash << 32 | place + 1; 0 is free */
  size_t size;     /* a power of two */
  size_t used;
};

struct imap_bases_walk {
  uint32_t hash;
  size_t at;
};

void imap_bases_clear(struct imap_bases *b, size_t expected); /* empty, with room for so many */
bool imap_bases_add(struct imap_bases *b, const char *base, size_t length, size_t place); /* false: it is full, clear it */
struct imap_bases_walk imap_bases_find(const struct imap_bases *b, const char *base, size_t length);
bool imap_bases_next(const struct imap_bases *b, struct imap_bases_walk *w, size_t *place);
void imap_bases_free(struct imap_bases *b);

#endif
