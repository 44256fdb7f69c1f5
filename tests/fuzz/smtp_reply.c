/* SMTP replies: whole or in two parts, the same comes out, within bounds; the words are one line of printable ASCII. The same
   bytes as a message: whatever goes in, no line of the data but the last is a single dot, and no CR or LF stands alone. */

#include <stdlib.h>
#include <string.h>

#include "send/data.h"
#include "send/extensions.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_words(const struct reply *r)
{
  text words = TEXT_ZERO;
  struct extensions e;
  char status[REPLY_STATUS_MAX];

  if (r->code < 200 || r->code > 599 || r->count > REPLY_LINES_MAX) abort();
  send_reply_words(r, &words, 100);
  if (words.len > 100) abort();
  for (size_t i = 0; i < words.len; i++)
    if (!ascii_is_printable(words.s[i])) abort();
  if (send_reply_status(r, status) && strlen(status) >= sizeof status) abort();
  send_extensions_parse(&e, r);
  text_free(&words);
}

static void fuzz_reply(const char *bytes, size_t length)
{
  struct reply whole = REPLY_ZERO, parts = REPLY_ZERO;
  size_t used, first, second = 0, cut = length ? (unsigned char)bytes[0] % length : 0;
  enum reply_result result = send_reply_parse(&whole, bytes, length, &used);
  enum reply_result again = send_reply_parse(&parts, bytes, cut, &first);

  if (again == REPLY_MORE) again = send_reply_parse(&parts, bytes + first, length - first, &second);
  if (again != result || (result == REPLY_DONE && first + second != used)) abort();
  if (result == REPLY_DONE) check_words(&whole);
  text_free(&whole.lines), text_free(&whole.rest);
  text_free(&parts.lines), text_free(&parts.rest);
}

static void fuzz_data(const char *bytes, size_t length)
{
  struct data d = DATA_ZERO;
  text out = TEXT_ZERO;
  size_t cut = length ? (unsigned char)bytes[0] % length : 0;

  send_data_add(&d, bytes, cut, &out);
  send_data_add(&d, bytes + cut, length - cut, &out);
  if (length && send_data_is_clean(bytes, length) && (out.len != length || memcmp(out.s, bytes, length))) abort();
  send_data_end(&d, &out);
  for (size_t at = 0; at < out.len;) {
    const char *end = memchr(out.s + at, '\r', out.len - at);
    size_t line = (size_t)(end - out.s) - at;
    if (!end || end[1] != '\n' || memchr(out.s + at, '\n', line) || line > DATA_LINE_MAX + 1) abort();
    at += line + 2;
    if (line == 1 && end[-1] == '.' && at != out.len) abort();
  }
  text_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  fuzz_reply((const char *)bytes, length);
  fuzz_data((const char *)bytes, length);
  return 0;
}
