/* record: facts as "key=value" strings, each ended by a NUL, in a text. It is the form of every packet between
   programs (lib/call), of every value in the tables (lib/tables) and of a parsed control file (lib/conf).
   A key is [a-z0-9-]+ and may come more than once; a value is any bytes but NUL. */

#ifndef LIB_RECORD_H
#define LIB_RECORD_H

#include "lib/text.h"

void record_add(text *record, const char *key, const char *value);
void record_add_bytes(text *record, const char *key, const char *value, size_t length); /* stops before a NUL */
void record_add_number(text *record, const char *key, uint64_t number);

/* True if the bytes are a record: what comes from another process is checked once, at the door. */
bool record_check(const text *record);

/* The first value of the key, ended by a NUL and inside the record; 0 if there is none. */
const char *record_find(const text *record, const char *key);
const char *record_get(const text *record, const char *key); /* the same, "" if there is none */
bool record_is(const text *record, const char *key, const char *value);  /* is it the first one? */
bool record_has(const text *record, const char *key, const char *value); /* is it one of the values of the key? */
bool record_number(const text *record, const char *key, uint64_t max, uint64_t *number);

/* Walk: *at starts at 0. record_next gives each value of one key; record_walk each string with its key's length. */
const char *record_next(const text *record, const char *key, size_t *at);
const char *record_walk(const text *record, size_t *at, size_t *key_length);

#endif
