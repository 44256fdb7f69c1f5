#include "lib/scramkeys.h"

#include <string.h>

#include "lib/base64.h"
#include "lib/cryptcost.h"
#include "lib/phc.h"
#include "lib/scheme.h"

const struct hmac_hash *scramkeys_hash(enum scramhash hash) { return hash == SCRAMHASH_SHA_1 ? &hmac_sha_1 : &hmac_sha_256; }

/* Base64 up to the separator, or to the end if it is 0; *at goes behind it. */
static bool take_bytes(const char **at, char separator, text *bytes)
{
  const char *end = strchr(*at, separator);

  text_clear(bytes);
  if (!end || !base64_decode(bytes, *at, (size_t)(end - *at))) return false;
  *at = end + (separator != 0);
  return true;
}

static bool take_key(const char **at, char separator, enum scramhash hash, unsigned char *key)
{
  text bytes = TEXT_ZERO;
  bool good = take_bytes(at, separator, &bytes) && bytes.len == scramkeys_hash(hash)->size;

  if (good) memcpy(key, bytes.s, bytes.len);
  text_wipe(&bytes);
  return good;
}

static bool take_iterations(const char **at, char separator, unsigned int *iterations)
{
  const char *end = strchr(*at, separator);
  uint64_t number;

  if (!end || !number_scan_bytes(*at, (size_t)(end - *at), SCRAMKEYS_ITERATIONS_MAX, &number) || number < SCRAMKEYS_ITERATIONS_MIN) return false;
  *iterations = (unsigned int)number;
  *at = end + 1;
  return true;
}

bool scramkeys_parse_by(struct scramkeys *k, const char *stored, enum scramhash hash)
{
  const char *at;

  if (scheme_parse(stored, &at) != (hash == SCRAMHASH_SHA_1 ? SCHEME_SCRAM_SHA_1 : SCHEME_SCRAM_SHA_256)) return false;
  k->hash = hash;
  bool is_rfc5803 = at[-1] == '$';
  return take_iterations(&at, is_rfc5803 ? ':' : ',', &k->iterations) && take_bytes(&at, is_rfc5803 ? '$' : ',', &k->salt) && k->salt.len &&
         k->salt.len <= SCRAMKEYS_SALT_MAX && take_key(&at, is_rfc5803 ? ':' : ',', hash, k->stored) && take_key(&at, 0, hash, k->server);
}

bool scramkeys_parse(struct scramkeys *k, const char *stored) { return scramkeys_parse_by(k, stored, SCRAMHASH_SHA_256); }

bool scramkeys_parse_any(struct scramkeys *k, const char *stored)
{
  return scramkeys_parse_by(k, stored, SCRAMHASH_SHA_256) || scramkeys_parse_by(k, stored, SCRAMHASH_SHA_1);
}

bool scramkeys_may_store(const char *stored)
{
  struct scramkeys keys = SCRAMKEYS_ZERO;
  const char *hash;
  enum scheme scheme = scheme_parse(stored, &hash);
  struct phc phc = PHC_ZERO;
  bool good = scheme == SCHEME_CRYPT          ? cryptcost_is_bearable(hash)
              : scheme == SCHEME_ARGON2       ? phc_parse(&phc, hash)
              : (scheme == SCHEME_SCRAM_SHA_256 || scheme == SCHEME_SCRAM_SHA_1) ? scramkeys_parse_any(&keys, stored)
                                              : scheme != SCHEME_UNKNOWN;

  phc_free(&phc);
  scramkeys_free(&keys);
  return good;
}

void scramkeys_format(const struct scramkeys *k, text *stored)
{
  text_add(stored, k->hash == SCRAMHASH_SHA_1 ? "{SCRAM-SHA-1}" : "{SCRAM-SHA-256}");
  text_add_number(stored, k->iterations);
  text_add_char(stored, ',');
  base64_add(stored, k->salt.s, k->salt.len);
  text_add_char(stored, ',');
  base64_add(stored, (const char *)k->stored, scramkeys_hash(k->hash)->size);
  text_add_char(stored, ',');
  base64_add(stored, (const char *)k->server, scramkeys_hash(k->hash)->size);
}

void scramkeys_store(enum scramhash hash, unsigned char *stored, const unsigned char *client)
{
  hmac_digest(scramkeys_hash(hash), stored, client, scramkeys_hash(hash)->size);
}

void scramkeys_make(struct scramkeys *k, const char *password)
{
  unsigned char salted[MAC_SIZE], client[MAC_SIZE];
  size_t size = scramkeys_hash(k->hash)->size;

  hmac_stretch(scramkeys_hash(k->hash), salted, password, strlen(password), k->salt.s, k->salt.len, k->iterations);
  hmac_bytes(scramkeys_hash(k->hash), client, salted, size, "Client Key", 10);
  scramkeys_store(k->hash, k->stored, client);
  hmac_bytes(scramkeys_hash(k->hash), k->server, salted, size, "Server Key", 10);
  explicit_bzero(salted, sizeof salted);
  explicit_bzero(client, sizeof client);
}

bool scramkeys_are_of_nothing(const char *stored)
{
  struct scramkeys known = SCRAMKEYS_ZERO, made = SCRAMKEYS_ZERO;
  bool are = false;

  if (scramkeys_parse_any(&known, stored)) {
    made.hash = known.hash;
    made.iterations = known.iterations;
    text_copy_bytes(&made.salt, known.salt.s, known.salt.len);
    scramkeys_make(&made, "");
    are = !memcmp(made.stored, known.stored, scramkeys_hash(known.hash)->size);
  }
  scramkeys_free(&made);
  scramkeys_free(&known);
  return are;
}

void scramkeys_free(struct scramkeys *k)
{
  text_wipe(&k->salt);
  explicit_bzero(k, sizeof *k);
  *k = (struct scramkeys)SCRAMKEYS_ZERO;
}
