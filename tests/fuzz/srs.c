/* srs: any bytes as a sender, there and back; any bytes as an address that comes back. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/srs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

const char *PROG = "fuzz";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
  static text keys = TEXT_ZERO, address = TEXT_ZERO, there = TEXT_ZERO, back = TEXT_ZERO;

  if (!keys.len) text_add_bytes(&keys, "first key of all\0second key of all", 35);
  if (length && memchr(data, 0, length)) return 0;
  text_clear(&address);
  text_add_bytes(&address, (const char *)data, length);
  srs_reverse(&back, text_string(&address), &keys, 20000);
  if (srs_forward(&there, address.s, "ours.example", &keys, 20000) != SRS_DONE) return 0;
  assert(there.len <= SRS_ADDRESS_MAX && srs_is(there.s));
  enum srs_result result = srs_reverse(&back, there.s, &keys, 20001);
  if (!srs_is(address.s)) /* a domain with "=" is none, nor one that is empty; all others come back */
    assert(result == SRS_DONE ? text_is_nocase(&back, address.s) || strchr(strrchr(address.s, '@'), '=') : result == SRS_NOT);
  else
    assert(result == SRS_DONE || result == SRS_NOT);
  return 0;
}
