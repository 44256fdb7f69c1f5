/* diff: what differs between two generations, in words: one sentence a difference, which begins with whom or what it is about. Never a
   password, a hash or a token. */

#ifndef LDAPSYNC_DIFF_H
#define LDAPSYNC_DIFF_H

#include "lib/tables.h"

struct diff {
  struct tables old, new; /* policy.cdb; old may be missing: then all is new */
  text lines;             /* each ended by a NUL */
  size_t count;
};
#define DIFF_ZERO { .old = TABLES_ZERO, .new = TABLES_ZERO, .lines = TEXT_ZERO }

/* Two names of folders in tables/. A missing OLD is an empty one if it is "current". Dies if one cannot be read; tables with secrets that
   this process may not read are passed over, which a sentence says. */
void diff_generations(struct diff *d, const char *old, const char *new);
void diff_say(const struct diff *d); /* sorted, a line each, on fd 1; "nothing changes" if there is none */
void diff_free(struct diff *d);

/* For the words of each kind of record (diff_words.c). old 0: it is new; new 0: it is gone. */
typedef void diff_words(struct diff *d, const char *key, const text *old, const text *new);
diff_words *diff_words_of(const char *kind); /* 0: there are none of its own */
__attribute__((format(printf, 2, 3))) void diff_add(struct diff *d, const char *format, ...);

/* The strings of a that b has not: their values are named, up to ten of them. key 0: where an address or a group leads. */
size_t diff_missing(struct diff *d, const text *a, const text *b, const char *key, text *list);
bool diff_has(struct tables *t, const char *kind, const char *key);
void diff_name(struct diff *d, const char *kind, const char *key, text *name); /* as people call it */

#endif
