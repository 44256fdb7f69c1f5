/* lib/address: any bytes as a path and as a mailbox. What was accepted is an address again, with the same meaning, when
   it is written out; nothing unprintable gets into it. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

static void check_again(const struct address *a)
{
  struct address again = ADDRESS_ZERO;

  for (size_t i = 0; i < a->shown.len; i++)
    if (!ascii_is_printable(a->shown.s[i]) && !a->is_utf8) abort();
  if (!utf8_check(a->shown.s, a->shown.len) || !utf8_check(a->folded.s, a->folded.len)) abort();
  if (!a->is_literal && *a->domain && !domain_check(a->domain, strlen(a->domain))) abort();
  if (address_parse(&again, a->shown.s, a->shown.len) != ADDRESS_FULL) abort();
  if (strcmp(again.shown.s, a->shown.s) || strcmp(again.folded.s, a->folded.s)) abort();
  if (strcmp(again.local, a->local) || strcmp(again.domain, a->domain) || again.is_literal != a->is_literal) abort();
  if (!strcmp(a->local, again.local) && address_parse(&again, a->folded.s, a->folded.len) != ADDRESS_FULL) abort();
  if (strcmp(again.folded.s, a->folded.s)) abort(); /* what is folded stays as it is */
  address_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  struct address a = ADDRESS_ZERO;
  size_t used;

  if (address_parse_path(&a, (const char *)bytes, length, &used) == ADDRESS_FULL) check_again(&a);
  if (used > length) abort();
  if (address_parse(&a, (const char *)bytes, length) == ADDRESS_FULL) check_again(&a);
  address_free(&a);
  return 0;
}
