/* header, header_address, date: any bytes as a header, and as the value of each kind of field. */

#include <assert.h>
#include <stdint.h>

#include "imap/envelope.h"
#include "lib/date.h"
#include "lib/header.h"
#include "lib/header_address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void read_addresses(struct bytes value)
{
  struct header_address a = HEADER_ADDRESS_ZERO;
  size_t count = 0;

  header_address_start(&a, value);
  while (header_address_next(&a)) count++;
  assert(count <= value.len + 1);
  header_address_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
  const char *bytes = (const char *)data;
  struct header_field field;
  text out = TEXT_ZERO;
  int64_t seconds;
  size_t all = 0;
  int east;

  for (size_t at = 0; header_next(bytes, length, &at, &field);) {
    assert(field.whole.s == bytes + all && field.value.s >= field.whole.s);
    assert(field.value.s + field.value.len <= field.whole.s + field.whole.len);
    all += field.whole.len;
    read_addresses(field.value);
    date_parse(field.value.s, field.value.len, &seconds, &east);
  }
  assert(all <= header_length(bytes, length));
  imap_envelope_add(&out, bytes, length);
  assert(out.len);
  text_free(&out);
  return 0;
}
