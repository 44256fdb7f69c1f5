#include <stdlib.h>

#include "lib/cidr.h"
#include "lib/policy.h"

static bool length_scan(const char *value, bool is_v4, uint64_t *length)
{
  return value[0] == (is_v4 ? '4' : '6') && value[1] == '/' && number_scan(value + 2, is_v4 ? 32 : 128, length);
}

enum lookup_result policy_network_find(struct tables *tables, const char *kind, const char *string, text *record)
{
  text lengths = TEXT_ZERO, key = TEXT_ZERO, found = TEXT_ZERO;
  uint64_t length, longest = 0;
  struct ip ip;
  size_t at = 0;

  text_clear(record);
  if (!string || !ip_parse(&ip, string)) return LOOKUP_ABSENT;
  enum lookup_result result = tables_find(tables, "networks", kind, &lengths), best = LOOKUP_ABSENT;
  if (result == LOOKUP_BROKEN) best = result;
  for (const char *one; result == LOOKUP_FOUND && best != LOOKUP_BROKEN && (one = record_next(&lengths, "length", &at));) {
    if (!length_scan(one, ip.is_v4, &length) || (best == LOOKUP_FOUND && length < longest)) continue;
    text_copy(&key, kind);
    text_add_char(&key, ':');
    cidr_key_add(&key, &ip, (unsigned int)length);
    enum lookup_result this = tables_find(tables, "network", text_string(&key), &found);
    if (this == LOOKUP_ABSENT) continue;
    best = this;
    longest = length;
    text_copy_bytes(record, found.s, found.len);
  }
  text_free(&lengths);
  text_free(&key);
  text_free(&found);
  return best;
}
