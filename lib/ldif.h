/* ldif: entries of LDIF (RFC 2849), bytes to struct and back, without I/O. Folded lines, comments, base64 values and the
   version line are read; change records and values by URL are refused, for a table must not depend on what they are applied to
   (but for deletions, where the caller takes them).

   An entry costs memory in proportion to its own bytes; LDIF_VALUES_MAX and LDIF_LINE_MAX bound what one may hold. */

#ifndef LIB_LDIF_H
#define LIB_LDIF_H

#include "lib/text.h"

enum { LDIF_VALUES_MAX = 1048576, LDIF_LINE_MAX = 16 * 1024 * 1024 };

enum ldif_result { LDIF_BROKEN = -1, LDIF_END, LDIF_ENTRY };

struct ldif {
  const char *bytes;
  size_t length;
  size_t at;
  unsigned long line; /* of the last line read: its number */
  size_t entries;     /* so far */
  size_t start;       /* where that begins */
  size_t deletions_from; /* "changetype: delete" right behind the dn is read from there on */
  text error;         /* after LDIF_BROKEN: "line N: what is wrong" */
};

struct ldif_value {
  size_t name; /* where it lies in strings: lower case, without options */
  size_t value;
  size_t length; /* of the value, which has a NUL behind it and may have some inside */
};

struct ldif_entry {
  unsigned long line; /* where it begins */
  size_t at;          /* its first byte, that of "dn" */
  bool is_deleted;    /* and has no values */
  text dn;            /* with a NUL behind it */
  text strings;
  struct ldif_value *values;
  size_t count;
  size_t room;
};
#define LDIF_ENTRY_ZERO { .dn = TEXT_ZERO, .strings = TEXT_ZERO }

void ldif_begin(struct ldif *l, const char *bytes, size_t length);
enum ldif_result ldif_next(struct ldif *l, struct ldif_entry *e); /* the entry is used again and again */
void ldif_free(struct ldif *l);
void ldif_entry_free(struct ldif_entry *e);

/* Walk the values of one attribute (its name in lower case): *at starts at 0; 0 at the end. */
const char *ldif_entry_next(const struct ldif_entry *e, const char *name, size_t *at, size_t *length);

/* Adds the line "name: value", in base64 and folded where RFC 2849 wants it. An entry ends with an empty line. */
void ldif_add(text *out, const char *name, const char *value, size_t length);

#endif
