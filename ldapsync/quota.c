#include <string.h>

#include "ldapsync/quota.h"
#include "lib/text.h"

uint64_t quota_unit(char letter)
{
  static const char letters[] = "BKMGT";
  const char *found = letter ? strchr(letters, letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter) : 0;

  return found ? (uint64_t)1 << (10 * (found - letters)) : 0;
}

static bool parse_size(const char *value, size_t length, uint64_t unit, uint64_t *bytes)
{
  uint64_t number, named = length ? quota_unit(value[length - 1]) : 0;

  if (named) length--, unit = named;
  if (!number_scan_bytes(value, length, UINT64_MAX, &number) || number > INT64_MAX / unit) return false;
  *bytes = number * unit;
  return true;
}

/* "1000000S,100C", in either order: S counts bytes, C messages. */
static bool parse_maildir(const char *value, size_t length, uint64_t *bytes)
{
  uint64_t number;

  *bytes = 0;
  for (const char *end = value + length; value < end;) {
    const char *comma = memchr(value, ',', (size_t)(end - value)), *last = comma ? comma : end;
    if (last == value || !number_scan_bytes(value, (size_t)(last - value) - 1, INT64_MAX, &number)) return false;
    if (last[-1] == 'S')
      *bytes = number;
    else if (last[-1] != 'C')
      return false;
    value = last + (comma != 0);
  }
  return length != 0;
}

/* What stands behind the rule's name: "storage=100M:messages=10". */
static bool parse_rule(const char *value, size_t length, uint64_t *bytes)
{
  static const struct { const char *word; uint64_t unit; } words[] = { { "storage=", 1024 }, { "bytes=", 1 }, { "messages=", 0 }, { "ignore", 0 } };
  bool good = length != 0;

  *bytes = 0;
  for (const char *end = value + length; good && value < end;) {
    const char *colon = memchr(value, ':', (size_t)(end - value)), *last = colon ? colon : end;
    size_t size = 0, k = 0;
    for (; k < sizeof words / sizeof *words; k++) {
      size = strlen(words[k].word);
      if ((size_t)(last - value) >= size && !memcmp(value, words[k].word, size)) break;
    }
    good = k < sizeof words / sizeof *words && (!words[k].unit || parse_size(value + size, (size_t)(last - value) - size, words[k].unit, bytes));
    value = last + (colon != 0);
  }
  return good;
}

bool quota_parse(const char *value, size_t length, uint64_t unit, uint64_t *bytes)
{
  const char *colon = memchr(value, ':', length);

  if (colon) return parse_rule(colon + 1, length - (size_t)(colon - value) - 1, bytes);
  return parse_size(value, length, unit, bytes) || parse_maildir(value, length, bytes);
}
