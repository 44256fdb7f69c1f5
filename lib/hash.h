/* hash: FNV-1a, for tables in memory whose keys nobody chooses to do harm, and where two that meet do none. */

#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START 14695981039346656037u

uint64_t hash_add(uint64_t hash, const void *bytes, size_t length);

/* The whole of one thing, with the high half folded into the low one, from which a slot is taken. */
uint64_t hash_bytes(const void *bytes, size_t length);
uint64_t hash_string(const char *string);

#endif
