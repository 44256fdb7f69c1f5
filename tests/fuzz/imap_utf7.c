/* utf7 and name: a name that is decoded is encoded to the same bytes, and the other way round. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "imap/name.h"
#include "imap/utf7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
  const char *bytes = (const char *)data;
  text once = TEXT_ZERO, twice = TEXT_ZERO, name = TEXT_ZERO;

  if (imap_utf7_decode(bytes, length, &once)) {
    assert(imap_utf7_encode(once.s, once.len, &twice));
    assert(twice.len == length && (!length || !memcmp(twice.s, bytes, length)));
  }
  text_clear(&once);
  text_clear(&twice);
  if (imap_utf7_encode(bytes, length, &once)) {
    assert(imap_utf7_decode(once.s, once.len, &twice));
    assert(twice.len == length && (!length || !memcmp(twice.s, bytes, length)));
  }
  text_copy_bytes(&name, bytes, length);
  text_string(&name);
  assert(imap_name_matches("*", name.s, '/'));
  imap_name_matches(name.s, "INBOX/a/b", '/');
  text_free(&once);
  text_free(&twice);
  text_free(&name);
  return 0;
}
