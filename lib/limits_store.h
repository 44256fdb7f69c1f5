/* limits_store: the inside of lib/limits: one use of the store at a time, under its lock. */

#ifndef LIB_LIMITS_STORE_H
#define LIB_LIMITS_STORE_H

#include <lmdb.h>

#include "lib/limits.h"

struct limits {
  unsigned int uses; /* limits_open, less limits_close */
  pid_t pid;         /* whose it is */
  text folder, path; /* path: folder/store */
  int lock;
  MDB_env *env;
  MDB_dbi dbi;
  MDB_txn *txn;
  ino_t inode;       /* of the file that env has */
  uint64_t entries_max;
  uint64_t now;
  int error;         /* of LMDB or errno, in this use */
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

bool limits_begin(struct limits *l, bool writes); /* false: an event is in the log */
bool limits_end(struct limits *l);                /* false: nothing of this use is kept; an event is in the log */

/* Inside of a use. A value stands until the next change; false: it is not there, or has expired, or an error is noted. */
bool limits_get(struct limits *l, const char *key, MDB_val *value);
void limits_put(struct limits *l, const char *key, const void *bytes, size_t length);
void limits_sweep(struct limits *l);              /* some of the old entries, and any if there are too many */

/* What counts of it now; c becomes what it is in the present window. */
uint64_t limits_used(struct limits_counter *c, uint64_t now);

#endif
