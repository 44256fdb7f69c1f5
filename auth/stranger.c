#include "auth/stranger.h"

#include <string.h>

#include "lib/hex.h"

static bool parse_key(const char *hex, unsigned char *key)
{
  for (size_t i = 0; i < MAC_KEY_SIZE; i++) {
    int high = hex_digit(hex[2 * i]), low = high < 0 ? -1 : hex_digit(hex[2 * i + 1]);
    if (low < 0) return false;
    key[i] = (unsigned char)(high << 4 | low);
  }
  return !hex[2 * MAC_KEY_SIZE];
}

/* "ITERATIONS SALTLENGTH" */
static bool parse_shape(const char *shape, unsigned int *iterations, size_t *salt_length)
{
  const char *space = strchr(shape, ' ');
  uint64_t i, length;

  if (!space || !number_scan_bytes(shape, (size_t)(space - shape), SCRAMKEYS_ITERATIONS_MAX, &i) || i < SCRAMKEYS_ITERATIONS_MIN ||
      !number_scan(space + 1, SCRAMKEYS_SALT_MAX, &length) || !length)
    return false;
  *iterations = (unsigned int)i;
  *salt_length = (size_t)length;
  return true;
}

/* One of those that exist, by the name: a new one takes over its share of the names, and all others keep theirs. */
static const char *choose_shape(const unsigned char *key, const text *tables, const char *name, const char *login)
{
  unsigned char mac[MAC_SIZE], most[MAC_SIZE] = { 0 };
  const char *chosen = 0;
  size_t at = 0;

  for (const char *shape; (shape = record_next(tables, name, &at));) {
    mac_strings(mac, key, name, shape, login, (char *)0);
    if (chosen && memcmp(mac, most, MAC_SIZE) <= 0) continue;
    chosen = shape;
    memcpy(most, mac, MAC_SIZE);
  }
  return chosen;
}

bool auth_stranger_keys(struct scramkeys *k, const text *tables, const char *login)
{
  unsigned char key[MAC_KEY_SIZE], half[2][MAC_SIZE];
  size_t salt_length;

  if (!parse_key(record_get(tables, "key"), key)) return false;
  bool is_sha1 = k->hash == SCRAMHASH_SHA_1; /* its salts are others, as everybody's */
  const char *shape = choose_shape(key, tables, is_sha1 ? "shape-sha1" : "shape", login);
  if (!shape || !parse_shape(shape, &k->iterations, &salt_length)) return false;
  mac_strings(half[0], key, is_sha1 ? "salt-sha1" : "salt", login, (char *)0);
  mac_strings(half[1], key, is_sha1 ? "more-sha1" : "more", login, (char *)0);
  text_copy_bytes(&k->salt, (const char *)half, salt_length);
  mac_strings(k->stored, key, is_sha1 ? "stored-sha1" : "stored", login, (char *)0);
  mac_strings(k->server, key, is_sha1 ? "server-sha1" : "server", login, (char *)0);
  explicit_bzero(key, sizeof key);
  return true;
}
