/* words2047, transfer, charset, casefold: what comes out is UTF-8, and its size is bounded; pieces make no difference. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/casefold.h"
#include "lib/charset.h"
#include "lib/transfer.h"
#include "lib/words2047.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void check_transfer(const char *bytes, size_t length, enum transfer_kind kind)
{
  struct transfer t = TRANSFER_ZERO;
  text whole = TEXT_ZERO, pieces = TEXT_ZERO;

  transfer_start(&t, kind);
  transfer_add(&t, bytes, length, &whole);
  transfer_end(&t, &whole);
  transfer_start(&t, kind);
  for (size_t i = 0; i < length; i++) transfer_add(&t, bytes + i, 1, &pieces);
  transfer_end(&t, &pieces);
  assert(whole.len == pieces.len && whole.len <= length && (!whole.len || !memcmp(whole.s, pieces.s, whole.len)));
  transfer_free(&t);
  text_free(&whole);
  text_free(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
  struct bytes value = { (const char *)data, length };
  text utf8 = TEXT_ZERO, same = TEXT_ZERO, folded = TEXT_ZERO;

  words2047_decode(value, &utf8);
  assert(utf8.len <= 8 * length + 8);
  assert(!utf8.len || charset_convert("UTF-8", utf8.s, utf8.len, &same));
  casefold_add(utf8.s, utf8.len, &folded);
  check_transfer(value.s, length, TRANSFER_QUOTED);
  check_transfer(value.s, length, TRANSFER_BASE64);
  text_free(&utf8);
  text_free(&same);
  text_free(&folded);
  return 0;
}
