/* wording: the words of a report for people, in one language: a file for each kind of report (doc/texts.md). Parsing and
   filling do no I/O.

   A file of a kind is fields, "Subject: ..." and "Subject-Some: ..." (what stands there if the report is about other recipients, too),
   an empty line, and the text, in UTF-8, with {placeholders}. The frame has no fields; words is "KEY WORDS" lines. */

#ifndef SEND_WORDING_H
#define SEND_WORDING_H

#include "lib/text.h"

enum send_wording_kind {
  SEND_WORDING_FRAME, /* what stands around the texts of the kinds: {text} */
  SEND_WORDING_FAILURE,
  SEND_WORDING_DELAY,
  SEND_WORDING_DELIVERED,
  SEND_WORDING_RELAYED,
  SEND_WORDING_EXPANDED,
  SEND_WORDING_DOUBLEBOUNCE,
  SEND_WORDING_WORDS, /* what a status means, and single words */
  SEND_WORDINGS
};

enum { SEND_WORDING_MAX = 32768, SEND_WORDING_LINE_MAX = 900 }; /* bytes of a file, and of a line */

extern const char *const send_wording_names[SEND_WORDINGS]; /* of the files */

struct send_wording {
  text subject, subject_some; /* in UTF-8, ended by a NUL */
  text body;                  /* lines end with LF; of words "KEY" NUL "WORDS" NUL ... */
};
#define SEND_WORDING_ZERO { TEXT_ZERO, TEXT_ZERO, TEXT_ZERO }

/* False with what is wrong: a placeholder that this kind does not have, one that it must have and has not, no UTF-8, ... */
bool send_wording_parse(struct send_wording *w, enum send_wording_kind kind, const char *bytes, size_t length, const char **error);
void send_wording_free(struct send_wording *w);

/* All kinds in one language; words is where what the others have not is looked for as well, in English. */
struct send_wordings {
  const char *language; /* RFC 5646 */
  struct send_wording of[SEND_WORDINGS];
  struct send_wording english; /* words */
};

/* The built-in ones: the file, and parsed. */
const char *send_wording_english(enum send_wording_kind kind);
void send_wording_use_english(struct send_wording *w, enum send_wording_kind kind);
void send_wordings_use_english(struct send_wordings *w);
void send_wordings_free(struct send_wordings *w);

struct send_wording_value {
  const char *name; /* of the placeholder; 0 ends the list */
  const char *value;
};

/* Adds the text with the placeholders filled. */
void send_wording_fill(const char *body, size_t length, const struct send_wording_value *values, text *out);

/* The words of a key; never 0. */
const char *send_wording_word(const struct send_wordings *w, const char *key);

/* What a status (RFC 3463) means: of 5.1.1 the words of "5.1.1", else "5.1", else "5". */
const char *send_wording_meaning(const struct send_wordings *w, const char *status);

#endif
