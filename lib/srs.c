#include <string.h>

#include "lib/bytes.h"
#include "lib/mac.h"
#include "lib/srs.h"

enum { HASH_BYTES = 5, HASH_DIGITS = 8, DAY_DIGITS = 2, DAYS = 1024, BITS = 5,
       HASH_AT = 5, REST_AT = HASH_AT + HASH_DIGITS + 1 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* RFC 4648 6 */

/* "SRS0=", also with the other separators that are in use. */
static bool has_tag(const char *local, char which)
{
  return strlen(local) > 5 && bytes_are_nocase(local, "SRS", 3) && local[3] == which && strchr("=+-", local[4]);
}

bool srs_is(const char *local) { return has_tag(local, '0') || has_tag(local, '1'); }

/* Eight digits. Kind is hashed too, so that no SRS0 is an SRS1. */
static void add_hash(text *out, const char *key, const char *kind, const char *rest)
{
  unsigned char mac[MAC_SIZE], of_key[MAC_KEY_SIZE];
  static const unsigned char zero[MAC_KEY_SIZE];
  text folded = TEXT_ZERO;
  uint64_t number = 0;

  text_add(&folded, rest);
  text_lower(&folded);
  mac_strings(of_key, zero, key, (char *)0); /* a key of any length becomes one of the right length */
  mac_strings(mac, of_key, kind, text_string(&folded), (char *)0);
  for (int i = 0; i < HASH_BYTES; i++) number = number << 8 | mac[i];
  for (int i = HASH_DIGITS; i--;) text_add_char(out, digits[number >> (i * BITS) & 31]);
  text_free(&folded);
}

/* In the same time, wherever they differ. */
static bool is_same(const char *hash, const char *expected)
{
  unsigned int different = 0;

  for (int i = 0; i < HASH_DIGITS; i++) different |= (unsigned int)(ascii_lower(hash[i]) ^ ascii_lower(expected[i]));
  return !different;
}

static bool is_ours(const char *hash, const char *kind, const char *rest, const text *keys)
{
  bool found = false;
  text expected = TEXT_ZERO;

  for (size_t at = 0; at < keys->len; at += strlen(keys->s + at) + 1) {
    text_clear(&expected);
    add_hash(&expected, keys->s + at, kind, rest);
    found |= is_same(hash, expected.s);
  }
  text_free(&expected);
  return found;
}

static enum srs_result finish(text *result, const char *kind, const text *rest, const char *domain, const text *keys)
{
  text_clear(result);
  text_add(result, kind);
  text_add_char(result, '=');
  add_hash(result, keys->s, kind, rest->s);
  text_add_char(result, '=');
  text_add_text(result, rest);
  text_add_char(result, '@');
  text_add(result, domain);
  text_string(result);
  return result->len <= SRS_ADDRESS_MAX ? SRS_DONE : SRS_LONG;
}

/* A quoted local part cannot stand inside another one. */
static const char *find_domain(const char *address)
{
  const char *at = strrchr(address, '@');

  return at && at > address && at[1] && *address != '"' ? at : 0;
}

/* What stands behind "SRS1=HASH=" of an address that was rewritten before: the first one who did, and what he made of it. */
static bool add_nested(text *rest, const char *sender, const char *at)
{
  if (has_tag(sender, '0')) {
    text_add(rest, at + 1);
    text_add_char(rest, '=');
    text_add_bytes(rest, sender + 4, (size_t)(at - sender) - 4); /* with its separator */
  } else {
    const char *first = memchr(sender + HASH_AT, '=', (size_t)(at - sender) - HASH_AT); /* behind the other's hash */
    if (!first) return false;
    text_add_bytes(rest, first + 1, (size_t)(at - first) - 1);
  }
  return true;
}

enum srs_result srs_forward(text *result, const char *sender, const char *domain, const text *keys, uint64_t day)
{
  const char *at = find_domain(sender);
  text rest = TEXT_ZERO;
  enum srs_result done = SRS_NOT;

  if (!at) return SRS_NOT;
  if (srs_is(sender)) {
    if (add_nested(&rest, sender, at)) done = finish(result, "SRS1", (text_string(&rest), &rest), domain, keys);
  } else {
    for (int i = DAY_DIGITS; i--;) text_add_char(&rest, digits[day % DAYS >> (i * BITS) & 31]);
    text_add_char(&rest, '=');
    text_add(&rest, at + 1);
    text_add_char(&rest, '=');
    text_add_bytes(&rest, sender, (size_t)(at - sender));
    text_string(&rest);
    done = finish(result, "SRS0", &rest, domain, keys);
  }
  text_free(&rest);
  return done;
}

static bool is_recent(const char *time, uint64_t day)
{
  uint64_t stamp = 0;

  for (int i = 0; i < DAY_DIGITS; i++) {
    const char *digit = 0;
    for (const char *d = digits; *d && !digit; d++)
      if (ascii_lower(*d) == ascii_lower(time[i])) digit = d;
    if (!digit) return false;
    stamp = stamp << BITS | (uint64_t)(digit - digits);
  }
  return (day % DAYS + DAYS - stamp) % DAYS <= SRS_DAYS_MAX;
}

/* "TT=domain=local" */
static enum srs_result reverse_first(text *result, const char *rest, uint64_t day)
{
  const char *domain = rest + DAY_DIGITS + 1;
  const char *local = strlen(rest) > DAY_DIGITS + 1 && rest[DAY_DIGITS] == '=' ? strchr(domain, '=') : 0;

  if (!local || local == domain || !local[1]) return SRS_NOT;
  if (!is_recent(rest, day)) return SRS_EXPIRED;
  text_add(result, local + 1);
  text_add_char(result, '@');
  text_add_bytes(result, domain, (size_t)(local - domain));
  return SRS_DONE;
}

/* "host==HASH=TT=domain=local", where the second "=" is the other's separator: SRS0 back to that host, who knows its age. */
static enum srs_result reverse_nested(text *result, const char *rest)
{
  const char *inner = strchr(rest, '=');

  if (!inner || inner == rest || !inner[1] || !strchr("=+-", inner[1])) return SRS_NOT;
  text_add(result, "SRS0");
  text_add(result, inner + 1);
  text_add_char(result, '@');
  text_add_bytes(result, rest, (size_t)(inner - rest));
  return SRS_DONE;
}

enum srs_result srs_reverse(text *result, const char *address, const text *keys, uint64_t day)
{
  const char *at = find_domain(address);
  bool is_nested = has_tag(address, '1');
  enum srs_result done = SRS_NOT;
  text local = TEXT_ZERO;

  if (!at || !srs_is(address) || at - address <= REST_AT || address[REST_AT - 1] != '=') return SRS_NOT;
  text_add_bytes(&local, address + REST_AT, (size_t)(at - address) - REST_AT);
  text_string(&local);
  text_clear(result);
  if (!is_ours(address + HASH_AT, is_nested ? "SRS1" : "SRS0", local.s, keys))
    done = SRS_FORGED;
  else
    done = is_nested ? reverse_nested(result, local.s) : reverse_first(result, local.s, day);
  text_string(result);
  text_free(&local);
  return done;
}

const char *srs_word(enum srs_result result)
{
  switch (result) {
  case SRS_DONE: return "done";
  case SRS_LONG: return "too long";
  case SRS_EXPIRED: return "expired";
  case SRS_FORGED: return "forged";
  case SRS_NOT: break;
  }
  return "not an SRS address";
}
