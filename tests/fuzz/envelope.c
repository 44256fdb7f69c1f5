/* The queue file's envelope: any bytes are an envelope or not; one that is, is written again as the same bytes, and its state
   bytes lie where it says. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/envelope.h"
#include "lib/id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct envelope *e, const char *bytes, size_t length)
{
  text again = TEXT_ZERO;

  if (!id_check(e->id.s) || !e->count || strlen(e->sender.s) != e->sender.len) abort();
  for (size_t i = 0; i < e->count; i++)
    if (e->recipients[i].at >= length || bytes[e->recipients[i].at] != e->recipients[i].state || !e->recipients[i].address[0]) abort();
  envelope_format(e, &again);
  if (again.len != length || memcmp(again.s, bytes, length)) abort();
  text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct envelope e = ENVELOPE_ZERO;
  const char *bytes = (const char *)data;
  size_t length = envelope_length(bytes, size);

  if (length && length <= size && envelope_parse(&e, bytes, length)) check(&e, bytes, length);
  envelope_free(&e);
  return 0;
}
