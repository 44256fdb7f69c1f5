/* parse: the words of the command grammar (RFC 3501 9), for command.c and its like. Each takes what it names and moves
   on, or writes into the command's error what was expected and what stood there, and gives false or 0. */

#ifndef IMAP_PARSE_H
#define IMAP_PARSE_H

#include "imap/command.h"
#include "lib/bytes.h"

struct imap_parse {
  const char *at, *end;
  struct imap_command *command;
};

bool imap_parse_fail(struct imap_parse *p, const char *expected); /* false; "expected ... where ... stands" */

bool imap_parse_is(const struct imap_parse *p, char c); /* is this the next byte? */
bool imap_parse_char(struct imap_parse *p, char c);
bool imap_parse_space(struct imap_parse *p);
bool imap_parse_end(struct imap_parse *p);

struct bytes imap_parse_peek(const struct imap_parse *p);     /* the atom that stands here; empty if none does */
bool imap_parse_word(struct imap_parse *p, const char *word); /* takes the atom if it is this, in any case */

/* Strings, ended by a NUL, in the command's pool. expected is what the error calls them. */
const char *imap_parse_atom(struct imap_parse *p, const char *expected);
const char *imap_parse_string(struct imap_parse *p, const char *expected);
const char *imap_parse_astring(struct imap_parse *p, const char *expected);
const char *imap_parse_login(struct imap_parse *p); /* an astring, in which an atom may have wildcards */
const char *imap_parse_mailbox(struct imap_parse *p);
const char *imap_parse_pattern(struct imap_parse *p);

bool imap_parse_number(struct imap_parse *p, uint32_t *number);
bool imap_parse_sequence(struct imap_parse *p, struct imap_sequence *sequence);
bool imap_parse_flag_list(struct imap_parse *p, struct imap_flags *flags);  /* "(...)" */
bool imap_parse_flags(struct imap_parse *p, struct imap_flags *flags);      /* the same, or without parentheses */

/* The arguments of commands that need more than a few lines, each from the space on up to its last byte. */
bool imap_parse_fetch(struct imap_parse *p);
bool imap_parse_search(struct imap_parse *p);

#endif
