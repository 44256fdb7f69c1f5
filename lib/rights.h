/* rights: what somebody may do with a folder (RFC 4314 2.1), as bits; letters and presets to and fro. No I/O. */

#ifndef LIB_RIGHTS_H
#define LIB_RIGHTS_H

#include "lib/text.h"

enum {
  RIGHT_LOOKUP = 1,        /* l: it is seen in LIST */
  RIGHT_READ = 2,          /* r */
  RIGHT_SEEN = 4,          /* s: \Seen may be changed */
  RIGHT_WRITE = 8,         /* w: the other flags */
  RIGHT_INSERT = 16,       /* i: APPEND, COPY to it */
  RIGHT_POST = 32,         /* p: kept and told; delivery asks nobody's rights */
  RIGHT_CREATE = 64,       /* k: folders below it */
  RIGHT_DELETE = 128,      /* x: the folder itself */
  RIGHT_MARK_DELETED = 256, /* t: \Deleted */
  RIGHT_EXPUNGE = 512,     /* e */
  RIGHT_ADMIN = 1024,      /* a: rights of others */
  RIGHTS_ALL = 2047
};

#define RIGHTS_LETTERS "lrswipkxtea"

/* Letters in any order, each perhaps again; the obsolete c is k, and d is t, e and x (RFC 4314 2.1.1). False: another letter. */
bool rights_scan(const char *letters, size_t length, unsigned int *rights);

/* ro, rw, full (N-33), or letters. The preset is meant by rw; the two letters are wr. */
bool rights_parse(const char *word, unsigned int *rights);

void rights_format(unsigned int rights, text *letters); /* adds them */

#endif
