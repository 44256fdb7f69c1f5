#include <string.h>

#include <skalibs/sha256.h>

#include "ldapsync/keys.h"
#include "lib/hex.h"

enum { KEY_MAX = 64, HASH_BYTES = 16, GUID_BYTES = 16, GUID_LENGTH = 36 };

static bool is_plain(char c) { return ascii_is_alpha(c) || ascii_is_digit(c); }

bool key_check(const char *key)
{
  size_t length = 0;
  for (; key[length]; length++)
    if (!is_plain(key[length]) && key[length] != '-') return false;
  return length && length <= KEY_MAX;
}

void key_hash(text *key, const char *kind, const char *bytes, size_t length)
{
  SHA256Schedule schedule;
  char digest[32];

  sha256_init(&schedule);
  sha256_update(&schedule, bytes, length);
  sha256_final(&schedule, digest);
  text_copy(key, kind);
  text_add_char(key, '-');
  hex_add(key, digest, HASH_BYTES);
  text_string(key);
}

bool key_guid(text *key, const char *bytes, size_t length)
{
  static const unsigned char order[GUID_BYTES] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

  text_clear(key);
  if (length == GUID_LENGTH && !memchr(bytes, 0, length)) {
    text_add_bytes(key, bytes, length);
    text_lower(key);
    return key_check(text_string(key));
  }
  for (size_t i = 0; length == GUID_BYTES && i < GUID_BYTES; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text_add_char(key, '-');
    hex_add(key, bytes + order[i], 1);
  }
  text_string(key);
  return key->len != 0;
}

void key_make(text *key, const char *kind, const char *name)
{
  text_copy(key, kind);
  text_add_char(key, '-');
  text_add(key, name);
  if (key_check(text_string(key)) && *name != '-') return;
  text_copy(key, kind);
  text_add(key, "--");
  for (const char *c = name; *c; c++)
    if (is_plain(*c))
      text_add_char(key, *c);
    else
      text_add_format(key, "-%02x", (unsigned char)*c);
  if (!key_check(text_string(key))) key_hash(key, kind, name, strlen(name));
}
