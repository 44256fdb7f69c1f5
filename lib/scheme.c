#include <string.h>

#include "lib/scheme.h"
#include "lib/text.h"

static const struct {
  const char *prefix;
  enum scheme scheme;
} prefixes[] = {
  { "{CRYPT}", SCHEME_CRYPT },       { "{BLF-CRYPT}", SCHEME_CRYPT }, { "{SHA512-CRYPT}", SCHEME_CRYPT },
  { "{SHA256-CRYPT}", SCHEME_CRYPT }, { "{MD5-CRYPT}", SCHEME_CRYPT }, { "{SHA}", SCHEME_SHA },
  { "{ARGON2ID}", SCHEME_ARGON2 },   { "{ARGON2I}", SCHEME_ARGON2 },   { "{ARGON2}", SCHEME_ARGON2 },
  { "{SSHA}", SCHEME_SSHA },         { "{SSHA256}", SCHEME_SSHA256 }, { "{SSHA512}", SCHEME_SSHA512 },
  { "{SCRAM-SHA-256}", SCHEME_SCRAM_SHA_256 }, { "SCRAM-SHA-256$", SCHEME_SCRAM_SHA_256 },
  { "{SCRAM-SHA-1}", SCHEME_SCRAM_SHA_1 }, { "SCRAM-SHA-1$", SCHEME_SCRAM_SHA_1 },
};

enum scheme scheme_parse(const char *stored, const char **hash)
{
  size_t length = strlen(stored);

  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
    size_t prefix = strlen(prefixes[i].prefix);
    if (length <= prefix || !bytes_are_nocase(stored, prefixes[i].prefix, prefix)) continue;
    *hash = stored + prefix;
    return prefixes[i].scheme;
  }
  return SCHEME_UNKNOWN;
}
