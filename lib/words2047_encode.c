#include <string.h>

#include "lib/base64.h"
#include "lib/words2047.h"

enum { WORD_BYTES = 45, FIRST_BYTES = 30 }; /* in one word; in the first, which stands behind the field's name */

static size_t word_length(const char *utf8, size_t most)
{
  size_t length = strlen(utf8);

  if (length <= most) return length;
  for (length = most; length > 1 && ((unsigned char)utf8[length] & 0xc0) == 0x80;) length--;
  return length;
}

void words2047_encode(const char *utf8, text *out)
{
  size_t most = FIRST_BYTES;

  if (string_is_ascii(utf8) && !strstr(utf8, "=?")) {
    text_add(out, utf8);
    return;
  }
  while (*utf8) {
    size_t length = word_length(utf8, most);
    if (most == WORD_BYTES) text_add(out, "\r\n ");
    text_add(out, "=?utf-8?B?");
    base64_add(out, utf8, length);
    text_add(out, "?=");
    utf8 += length;
    most = WORD_BYTES;
  }
}
