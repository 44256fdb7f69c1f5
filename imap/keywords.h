/* keywords: the file dovecot-keywords: which letter of a file name is which keyword, a line "NUMBER NAME" each, 0 for a.
   A folder has at most 26. No I/O. */

#ifndef IMAP_KEYWORDS_H
#define IMAP_KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "imap/marks.h"
#include "lib/text.h"

struct imap_keywords {
  text names[IMAP_KEYWORDS_MAX]; /* each with a NUL behind it; empty: the letter is free */
};

/* Lines that are none are passed over. */
void imap_keywords_parse(struct imap_keywords *k, const char *bytes, size_t length);
void imap_keywords_format(const struct imap_keywords *k, text *bytes);

/* The flag of a keyword (any case), 0 if it has none yet. */
imap_marks imap_keywords_find(const struct imap_keywords *k, const char *name, size_t length);

/* Gives it the first free letter; 0 if all are taken. */
imap_marks imap_keywords_add(struct imap_keywords *k, const char *name, size_t length);

/* An atom that may be a keyword: letters, digits and such, at most 255 bytes, no backslash before it. */
bool imap_keyword_check(const char *name, size_t length);
void imap_keywords_free(struct imap_keywords *k);

#endif
