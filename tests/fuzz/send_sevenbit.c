/* send/sevenbit: any bytes become seven bits or are refused; the same in pieces; and once more it changes nothing. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "send/data.h"
#include "send/sevenbit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

static bool convert(const char *bytes, size_t length, size_t piece, text *out)
{
  static struct sevenbit s;

  text_clear(out);
  for (int i = 0; i < 2; i++) {
    send_sevenbit_begin(&s, i);
    for (size_t at = 0; at < length; at += piece) send_sevenbit_add(&s, bytes + at, piece < length - at ? piece : length - at, out);
    send_sevenbit_end(&s, out);
    if (s.fault) return false;
  }
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static text one = TEXT_ZERO, other = TEXT_ZERO;

  if (!length) return 0;
  bool is_converted = convert((const char *)bytes, length, length, &one);
  assert(convert((const char *)bytes, length, 7, &other) == is_converted);
  if (!is_converted) return 0;
  assert(one.len == other.len && !memcmp(one.s, other.s, one.len));
  assert(!send_data_has_8bit(one.s, one.len));
  if (!one.len) return 0;
  assert(convert(one.s, one.len, 3, &other));
  assert(one.len == other.len && !memcmp(one.s, other.s, one.len));
  return 0;
}
