/* smtpd/lines, header, fixup and complete, as submission uses them: any bytes become a message whose lines end with CRLF, whose
   header has Date, From and Message-ID and no Bcc, and which stays as it is when it is put right again. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/header.h"
#include "smtpd/fixup.h"
#include "smtpd/header.h"
#include "smtpd/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

static void fix(const char *bytes, size_t length, size_t piece, text *out)
{
  static struct smtpd_header header;
  static text clean = TEXT_ZERO;
  struct smtpd_lines lines = { .after_cr = false };
  const struct smtpd_fixup f = { .from = "a@b.example", .domain = "d.example", .me = "mx.example", .id = "1" };

  text_clear(&clean);
  text_clear(out);
  smtpd_header_begin(&header, "mx.example", true);
  for (size_t at = 0; at < length; at += piece) {
    size_t before = clean.len;
    smtpd_lines_add(&lines, bytes + at, piece < length - at ? piece : length - at, &clean);
    smtpd_header_feed(&header, clean.s + before, clean.len - before);
  }
  size_t before = clean.len;
  smtpd_lines_end(&lines, &clean);
  smtpd_header_feed(&header, clean.s + before, clean.len - before);
  smtpd_header_end(&header);
  assert(header.length <= header.body && header.body <= clean.len);
  smtpd_fixup(&f, clean.s, header.length, out);
  text_add_bytes(out, clean.s + header.body, clean.len - header.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
  static text whole = TEXT_ZERO, pieces = TEXT_ZERO, again = TEXT_ZERO;
  const char *bytes = (const char *)data;
  struct header_field field;

  if (!length) return 0;
  fix(bytes, length, length, &whole);
  fix(bytes, length, length % 5 + 1, &pieces);
  assert(whole.len == pieces.len && !memcmp(whole.s, pieces.s, whole.len));
  for (size_t i = 0; i < whole.len; i++)
    if (whole.s[i] == '\n') assert(i && whole.s[i - 1] == '\r');
  assert(header_find(whole.s, whole.len, "Date", &field) && header_find(whole.s, whole.len, "From", &field));
  assert(header_find(whole.s, whole.len, "Message-ID", &field) && !header_find(whole.s, whole.len, "Bcc", &field));
  fix(whole.s, whole.len, whole.len, &again);
  assert(again.len == whole.len && !memcmp(again.s, whole.s, whole.len));
  return 0;
}
