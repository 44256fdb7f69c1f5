/* pool: memory for a parsed thing of many small pieces: pieces stay where they are and are freed all at once. */

#ifndef LIB_POOL_H
#define LIB_POOL_H

#include <stddef.h>

struct pool_block;
struct pool {
  struct pool_block *last;
};
#define POOL_ZERO { 0 }

void *pool_take(struct pool *p, size_t size);                             /* zeroed, aligned for any type; or dies */
void *pool_take_many(struct pool *p, size_t count, size_t size);          /* the same, with the product checked */
char *pool_string(struct pool *p, const char *bytes, size_t length);      /* a copy, ended by a NUL */
void pool_free(struct pool *p);                                           /* all pieces; the pool may be used again */

#endif
