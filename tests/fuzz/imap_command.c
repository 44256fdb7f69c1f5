/* imap_input and imap_command: any bytes of a client, in two pieces; what is understood can be shown again. */

#include <assert.h>
#include <stdint.h>

#include "imap/command.h"
#include "imap/input.h"
#include "imap/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void parse(const struct imap_input *i)
{
  struct imap_command c = IMAP_COMMAND_ZERO;

  if (imap_command_parse(&c, i->command.s, i->command.len)) {
    assert(!c.error.len);
    imap_sequence_resolve(&c.sequence, 100);
    if (c.verb == IMAP_SEARCH) imap_search_prepare(&c, 100, 1000);
  } else
    assert(c.error.len && c.tag);
  imap_command_free(&c);
}

static bool feed(struct imap_input *i, const char *bytes, size_t length)
{
  for (size_t at = 0, used; at < length; at += used)
    switch (imap_input_add(i, bytes + at, length - at, &used)) {
    case IMAP_INPUT_LOST: return false;
    case IMAP_INPUT_DONE:
    case IMAP_INPUT_STREAM: parse(i); break;
    case IMAP_INPUT_REFUSED: assert(i->error);
    default: break;
    }
  assert(i->command.len <= 4096 && i->tail.len <= 4096);
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
  struct imap_input i = IMAP_INPUT_ZERO;
  const char *bytes = (const char *)data;
  size_t first = length ? data[0] : 0;

  imap_input_limit(&i, 2048, 1024, true);
  if (first > length) first = length;
  if (feed(&i, bytes, first)) feed(&i, bytes + first, length - first);
  imap_input_free(&i);
  return 0;
}
