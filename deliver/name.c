#include "deliver/name.h"

#include <string.h>

#include <skalibs/blake2s.h>

#include "lib/hex.h"

enum { TIME_DIGITS = 11, HASH_BYTES = 8, MICROSECONDS = 1000000 };

/* lib/id: the first 11 digits, to the base 32, are microseconds since 1970. */
static uint64_t seconds_of(const char *id)
{
  uint64_t microseconds = 0;

  for (size_t i = 0; i < TIME_DIGITS && id[i]; i++)
    microseconds = microseconds * 32 + (uint64_t)(ascii_is_digit(id[i]) ? id[i] - '0' : (id[i] - 'a' + 10) & 31);
  return microseconds / MICROSECONDS;
}

static void add_hash(text *name, const char *recipient)
{
  blake2s_ctx context = BLAKE2S_INIT(HASH_BYTES);
  char hash[HASH_BYTES];

  blake2s_update(&context, recipient, strlen(recipient));
  blake2s_final(&context, hash);
  hex_add(name, hash, HASH_BYTES);
}

void deliver_name_make(text *name, const char *id, const char *recipient, const char *host)
{
  text_clear(name);
  text_add_number(name, seconds_of(id));
  text_add(name, ".Q");
  text_add(name, id);
  text_add_char(name, 'R');
  add_hash(name, recipient);
  text_add_char(name, '.');
  for (; *host; host++)
    text_add_char(name, ascii_is_alpha(*host) || ascii_is_digit(*host) || *host == '.' || *host == '-' ? *host : '_');
}

bool deliver_name_is(const text *name, const char *file)
{
  const char *host = memchr(name->s, 'R', name->len);
  size_t length = host ? (size_t)(host - name->s) + 1 + 2 * HASH_BYTES + 1 : name->len; /* to the dot before HOST */

  return length <= name->len && !strncmp(name->s, file, length);
}
