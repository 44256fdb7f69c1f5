/* Stored hashes: any bytes are an Argon2 hash that is written as it was read and bounded, or none; crypt's parameters are looked at without a fault. */

#include <stdint.h>
#include <stdlib.h>

#include "lib/cryptcost.h"
#include "lib/phc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  text string = TEXT_ZERO, written = TEXT_ZERO;
  struct phc p = PHC_ZERO, again = PHC_ZERO;

  text_copy_bytes(&string, (const char *)data, size);
  if (phc_parse(&p, text_string(&string))) {
    if (p.memory > PHC_MEMORY_MAX || (uint64_t)p.memory * p.passes > PHC_WORK_MAX) abort();
    phc_format(&p, &written);
    if (!phc_parse(&again, written.s) || again.memory != p.memory || again.hash.len != p.hash.len) abort();
  }
  cryptcost_is_bearable(string.s);
  phc_free(&p);
  phc_free(&again);
  text_free(&string);
  text_free(&written);
  return 0;
}
