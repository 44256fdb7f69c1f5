/* limits_page: the bytes of one page of a store of lib/limits: entries of a name and a value, and a sum over them. No I/O. A page
   may have been written by a process that was taken over, or half by a host that crashed: one that is not whole is empty. */

#ifndef LIB_LIMITS_PAGE_H
#define LIB_LIMITS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIMITS_PAGE_BYTES = 4096 };

struct limits_page {
  unsigned char bytes[LIMITS_PAGE_BYTES];
};

struct limits_value {
  const char *s; /* its first 8 bytes: until when it counts, seconds since 1970, in the host's order */
  size_t len;
};

bool limits_page_is_whole(const struct limits_page *page); /* one of zeros is: a hole in the file */
void limits_page_clear(struct limits_page *page);
void limits_page_seal(struct limits_page *page);           /* before it is written: its sum */

/* The name is ended by a NUL, which counts. What they give stands until the next change. */
bool limits_page_find(const struct limits_page *page, const char *name, size_t length, struct limits_value *value);
bool limits_page_next(const struct limits_page *page, size_t *at, const char **name, struct limits_value *value);

/* Old entries make room, then those that end soonest. False: it is longer than a page. */
bool limits_page_put(struct limits_page *page, const char *name, size_t length, const struct limits_value *value, uint64_t now);
bool limits_page_remove(struct limits_page *page, const char *name, size_t length);

#endif
