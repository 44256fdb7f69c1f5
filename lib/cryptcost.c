#include "lib/cryptcost.h"

#include <stdint.h>
#include <string.h>

#include "lib/text.h"

enum { ROUNDS_MAX = 2000000, BCRYPT_MAX = 14, MEMORY_LOG2_MAX = 28 };

static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* One digit of crypt's base64; -1: it is none. */
static int digit(char c)
{
  const char *found = c ? strchr(digits, c) : 0;
  return found ? (int)(found - digits) : -1;
}

static unsigned int log2_of(uint64_t number)
{
  unsigned int bits = 0;
  while (number >>= 1) bits++;
  return bits;
}

/* A number up to the first byte that is no digit. */
static bool is_at_most(const char *at, uint64_t most)
{
  uint64_t number;
  return number_scan_bytes(at, strspn(at, "0123456789"), most, &number);
}

/* "j9T$": the flavour, the logarithm of N less one, r less one; more follows only where somebody wanted it so. */
static bool is_bearable_yescrypt(const char *at)
{
  int n = digit(at[0] ? at[1] : 0), r = n < 0 ? -1 : digit(at[2]);
  enum { BLOCK_LOG2 = 7 };

  return *at == 'j' && r >= 0 && at[3] == '$' && (unsigned int)n + 1 + log2_of((uint64_t)r + 1) + BLOCK_LOG2 <= MEMORY_LOG2_MAX;
}

/* "NRRRRRPPPPP": the logarithm of N, r and p in 30 bits each. */
static bool is_bearable_scrypt(const char *at)
{
  uint64_t r = 0, p = 0;
  int n = digit(*at);

  for (unsigned int i = 1; i < 11; i++) {
    int d = digit(at[i]);
    if (d < 0) return false;
    *(i < 6 ? &r : &p) |= (uint64_t)d << 6 * ((i - 1) % 5);
  }
  return n >= 0 && r && p && (unsigned int)n + log2_of(r * p) + 8 <= MEMORY_LOG2_MAX;
}

/* "_CCCCSSSS...": the count in 24 bits. */
static bool is_bearable_bsdi(const char *at)
{
  unsigned int count = 0;

  for (unsigned int i = 0; i < 4; i++) {
    int d = digit(at[i]);
    if (d < 0) return false;
    count |= (unsigned int)d << 6 * i;
  }
  return count <= ROUNDS_MAX;
}

bool cryptcost_is_bearable(const char *hash)
{
  if (!strncmp(hash, "$5$rounds=", 10) || !strncmp(hash, "$6$rounds=", 10)) return is_at_most(hash + 10, ROUNDS_MAX);
  if (!strncmp(hash, "$2", 2) && hash[2] && hash[3] == '$') return is_at_most(hash + 4, BCRYPT_MAX);
  if (!strncmp(hash, "$sha1$", 6)) return is_at_most(hash + 6, ROUNDS_MAX);
  if (!strncmp(hash, "$md5,rounds=", 12)) return is_at_most(hash + 12, ROUNDS_MAX);
  if (!strncmp(hash, "$y$", 3)) return is_bearable_yescrypt(hash + 3);
  if (!strncmp(hash, "$gy$", 4)) return is_bearable_yescrypt(hash + 4);
  if (*hash == '_') return is_bearable_bsdi(hash + 1);
  if (!strncmp(hash, "$7$", 3)) return is_bearable_scrypt(hash + 3);
  return true;
}
