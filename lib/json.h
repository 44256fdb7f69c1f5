/* json: values of RFC 8259, added to a text. */

#ifndef LIB_JSON_H
#define LIB_JSON_H

#include "lib/text.h"

/* The length of the UTF-8 character at the beginning of the string; 0: it is none. */
size_t json_utf8_length(const char *string);

/* A string with its quotes. Bytes that are not UTF-8 become U+FFFD, one each, so that the output always is. */
void json_string(text *out, const char *value);

/* ,"key":"value" and ,"key":number; the comma is left out behind '{'. */
void json_pair(text *out, const char *key, const char *value);
void json_number(text *out, const char *key, uint64_t number);
void json_key(text *out, const char *key);

#endif
