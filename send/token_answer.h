/* token_answer: what a rule's tokencommand has written: a token in one line, or the JSON that an authorization server answers
   with (RFC 6749 5.1). Bytes in, token out; no I/O. */

#ifndef SEND_TOKEN_ANSWER_H
#define SEND_TOKEN_ANSWER_H

#include "lib/text.h"

enum { TOKEN_BYTES_MAX = 8192 }; /* so that the command stays within what RFC 4954 4 allows */

/* One or more printable characters without spaces. */
bool send_token_check(const char *bytes, size_t length);

/* 0 with the token, and for how many seconds it is good (0: that was not said); or what is wrong, in words that do not quote it. */
const char *send_token_answer_parse(const char *bytes, size_t length, text *token, uint64_t *seconds);

#endif
