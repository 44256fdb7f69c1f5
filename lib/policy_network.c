#include <stdlib.h>

#include "lib/cidr.h"
#include "lib/policy.h"

static bool length_scan(const char *value, bool is_v4, uint64_t *length)
{
  return value[0] == (is_v4 ? '4' : '6') && value[1] == '/' && number_scan(value + 2, is_v4 ? 32 : 128, length);
}

static void network_key(text *key, const char *kind, const struct ip *ip, unsigned int length)
{
  struct ip network = *ip;

  cidr_mask(&network, length);
  text_copy(key, kind);
  text_add_format(key, ":%c/%u:", ip->is_v4 ? '4' : '6', length);
  for (unsigned int i = 0; i < (length + 7) / 8; i++) text_add_format(key, "%02x", network.bytes[i]);
  text_string(key);
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
    network_key(&key, kind, &ip, (unsigned int)length);
    enum lookup_result this = tables_find(tables, "network", key.s, &found);
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
