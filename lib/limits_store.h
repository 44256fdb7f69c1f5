/* limits_store: the inside of lib/limits: one use of the store at a time, under its lock.

   The file is a table of pages (lib/limits_page); the first one says how many there are, and the key by which a name finds its page.
   It is read and written, not mapped: whatever another process does to it, this one is not ended by it. */

#ifndef LIB_LIMITS_STORE_H
#define LIB_LIMITS_STORE_H

#include <sys/types.h>

#include "lib/limits.h"
#include "lib/limits_page.h"
#include "lib/mac.h"

struct limits_held { /* a page that this use has read */
  uint64_t number;
  bool is_changed;
  struct limits_page page;
};

struct limits {
  unsigned int uses; /* limits_open, less limits_close */
  pid_t pid;         /* whose it is */
  text folder, path; /* path: folder/store */
  int file;          /* its lock is the store's */
  uint64_t pages;
  unsigned char key[MAC_KEY_SIZE];
  struct limits_held **held;
  size_t held_count, held_room; /* of those that were made, so many are in use */
  uint64_t now;
  int error;         /* errno, in this use */
  bool is_held;      /* this use goes on: limits_release ends it */
};

/* What stands before each value. */
struct limits_head {
  uint64_t expires; /* seconds since 1970 */
  uint64_t born;    /* a counter: when its window began */
  uint64_t window;  /* seconds; 0: a fact */
};

struct limits_counter {
  struct limits_head head;
  uint64_t current, previous;
};

bool limits_begin(struct limits *l); /* false: an event is in the log */
bool limits_end(struct limits *l);   /* false: nothing of this use is kept; an event is in the log */

/* Inside of a use. A value stands until the next change; false: it is not there, or has expired, or an error is noted. */
bool limits_get(struct limits *l, const char *key, struct limits_value *value);
void limits_put(struct limits *l, const char *key, const void *bytes, size_t length);

/* The page behind number *at that is not a hole, read into page; false: there is none. */
bool limits_next_page(struct limits *l, uint64_t *at, struct limits_page *page);
void limits_write_page(struct limits *l, uint64_t number, struct limits_page *page);

/* What counts of it now; c becomes what it is in the present window. */
uint64_t limits_used(struct limits_counter *c, uint64_t now);

#endif
