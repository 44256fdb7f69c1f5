#include "lib/hash.h"

#include <string.h>

uint64_t hash_add(uint64_t hash, const void *bytes, size_t length)
{
  const unsigned char *b = bytes;

  for (size_t i = 0; i < length; i++) hash = (hash ^ b[i]) * 1099511628211u;
  return hash;
}

uint64_t hash_bytes(const void *bytes, size_t length)
{
  uint64_t hash = hash_add(HASH_START, bytes, length);
  return hash ^ hash >> 32;
}

uint64_t hash_string(const char *string) { return hash_bytes(string, strlen(string)); }
