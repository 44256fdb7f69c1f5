#include "lib/scramkeys.h"

#include <string.h>

#include <skalibs/sha256.h>

#include "lib/base64.h"
#include "lib/cryptcost.h"
#include "lib/phc.h"
#include "lib/scheme.h"

/* Base64 up to the separator, or to the end if it is 0; *at goes behind it. */
static bool take_bytes(const char **at, char separator, text *bytes)
{
  const char *end = strchr(*at, separator);

  text_clear(bytes);
  if (!end || !base64_decode(bytes, *at, (size_t)(end - *at))) return false;
  *at = end + (separator != 0);
  return true;
}

static bool take_key(const char **at, char separator, unsigned char *key)
{
  text bytes = TEXT_ZERO;
  bool good = take_bytes(at, separator, &bytes) && bytes.len == MAC_SIZE;

  if (good) memcpy(key, bytes.s, MAC_SIZE);
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

bool scramkeys_parse(struct scramkeys *k, const char *stored)
{
  const char *at;

  if (scheme_parse(stored, &at) != SCHEME_SCRAM_SHA_256) return false;
  bool is_rfc5803 = at[-1] == '$';
  return take_iterations(&at, is_rfc5803 ? ':' : ',', &k->iterations) && take_bytes(&at, is_rfc5803 ? '$' : ',', &k->salt) && k->salt.len &&
         k->salt.len <= SCRAMKEYS_SALT_MAX && take_key(&at, is_rfc5803 ? ':' : ',', k->stored) && take_key(&at, 0, k->server);
}

bool scramkeys_may_store(const char *stored)
{
  struct scramkeys keys = SCRAMKEYS_ZERO;
  const char *hash;
  enum scheme scheme = scheme_parse(stored, &hash);
  struct phc phc = PHC_ZERO;
  bool good = scheme == SCHEME_CRYPT          ? cryptcost_is_bearable(hash)
              : scheme == SCHEME_ARGON2       ? phc_parse(&phc, hash)
              : scheme == SCHEME_SCRAM_SHA_256 ? scramkeys_parse(&keys, stored)
                                              : scheme != SCHEME_UNKNOWN;

  phc_free(&phc);
  scramkeys_free(&keys);
  return good;
}

void scramkeys_format(const struct scramkeys *k, text *stored)
{
  text_add(stored, "{SCRAM-SHA-256}");
  text_add_number(stored, k->iterations);
  text_add_char(stored, ',');
  base64_add(stored, k->salt.s, k->salt.len);
  text_add_char(stored, ',');
  base64_add(stored, (const char *)k->stored, MAC_SIZE);
  text_add_char(stored, ',');
  base64_add(stored, (const char *)k->server, MAC_SIZE);
}

void scramkeys_store(unsigned char *stored, const unsigned char *client)
{
  SHA256Schedule hash;

  sha256_init(&hash);
  sha256_update(&hash, (const char *)client, MAC_SIZE);
  sha256_final(&hash, (char *)stored);
  explicit_bzero(&hash, sizeof hash);
}

void scramkeys_make(struct scramkeys *k, const char *password)
{
  unsigned char salted[MAC_SIZE], client[MAC_SIZE];

  mac_stretch(salted, password, strlen(password), k->salt.s, k->salt.len, k->iterations);
  mac_bytes(client, (char *)salted, MAC_SIZE, "Client Key", 10);
  scramkeys_store(k->stored, client);
  mac_bytes(k->server, (char *)salted, MAC_SIZE, "Server Key", 10);
  explicit_bzero(salted, sizeof salted);
  explicit_bzero(client, sizeof client);
}

void scramkeys_free(struct scramkeys *k)
{
  text_wipe(&k->salt);
  explicit_bzero(k, sizeof *k);
  *k = (struct scramkeys)SCRAMKEYS_ZERO;
}
